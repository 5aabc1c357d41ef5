package script

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// MaxFileBytes bounds a scenario file.
const MaxFileBytes = 32 << 10

// Scenario is one demonstration.
type Scenario struct {
	Name      string   `yaml:"-"` // of the file, without its ending
	Version   int      `yaml:"version"`
	Title     string   `yaml:"title"`
	About     string   `yaml:"about"`
	Statement string   `yaml:"statement"` // the one sentence above the question
	Question  string   `yaml:"question"`
	Lanes     Lanes    `yaml:"lanes"`
	Workload  Workload `yaml:"workload"`
	Readers   Readers  `yaml:"readers"`
	Demo      Demo     `yaml:"demo"`
}

// Lane is one source → strategy → transport in its own process.
type Lane struct {
	Name       string `yaml:"-"`
	Source     string `yaml:"source"`
	Strategy   string `yaml:"strategy"`
	Transport  string `yaml:"transport"`
	SendBuffer Size   `yaml:"send_buffer"` // 0 is the lane's default
	Limit      Size   `yaml:"limit"`       // RSS at which the lane is killed; 0 is the default
}

// Workload is what the producer makes for every channel.
type Workload struct {
	Kind      string `yaml:"kind"`      // fixed or llm
	Rate      Rate   `yaml:"rate"`      // messages of one channel
	Size      Size   `yaml:"size"`      // of one message; fixed only
	Retention int64  `yaml:"retention"` // entries a stream keeps (MAXLEN); 0 keeps what somebody has still to read
}

// Readers are the groups of readers, the same in every lane.
type Readers struct {
	Slow    Group `yaml:"slow"`    // the throttle acts on them
	Healthy Group `yaml:"healthy"` // read as fast as they can
	You     Group `yaml:"you"`     // the browser's one channel
}

// Group is one group of readers. Its load is the workload's unless it says
// otherwise.
type Group struct {
	Count int  `yaml:"count"`
	Rate  Rate `yaml:"rate"`
	Size  Size `yaml:"size"`
}

// Demo is what "Do it for me" does.
type Demo struct {
	Throttle Throughput `yaml:"throttle"` // for the slow readers
}

// Lanes keep the order of the file.
type Lanes []Lane

// UnmarshalYAML reads a mapping of names in its order.
func (l *Lanes) UnmarshalYAML(node ast.Node) error {
	lanes, ok := node.(*ast.MappingNode)
	if !ok {
		return at(node, "want a name for each lane and its parts below")
	}
	for _, pair := range lanes.Values {
		lane := Lane{Name: pair.Key.GetToken().Value}
		if err := yaml.NodeToValue(pair.Value, &lane, yaml.Strict()); err != nil {
			return err
		}
		*l = append(*l, lane)
	}
	return nil
}

// Parse reads and checks a scenario. name is what the file is called, without
// its ending. The error says where: [line:column] with the source line.
func Parse(name string, text []byte) (Scenario, error) {
	s, err := parse(text)
	if err != nil {
		return Scenario{}, fmt.Errorf("scenario %s: %w", name, err)
	}
	s.Name = name
	return s, nil
}

func parse(text []byte) (Scenario, error) {
	if len(text) > MaxFileBytes {
		return Scenario{}, fmt.Errorf("%d bytes, at most %d", len(text), MaxFileBytes)
	}
	if nesting(text) > maxNesting {
		return Scenario{}, fmt.Errorf("brackets or dashes nested more than %d deep", maxNesting)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return Scenario{}, readable(err)
	}
	if err := onlyPlain(file); err != nil {
		return Scenario{}, readable(err)
	}
	var s Scenario
	if err := yaml.NodeToValue(file.Docs[0].Body, &s, yaml.Strict()); err != nil {
		return Scenario{}, readable(err)
	}
	if err := onlyWhole(file); err != nil {
		return Scenario{}, readable(err)
	}
	return s, s.check(file)
}

// maxLanes is what fits beside each other on a screen.
const maxLanes = 4

// check finds everything that is wrong, not only the first of it. What the parts
// of a lane may be called is for the program to know, not for the language.
func (s Scenario) check(file *ast.File) error {
	var errs []error
	bad := func(path, format string, args ...any) {
		errs = append(errs, readable(at(find(file, path), format, args...)))
	}
	if s.Version != 1 {
		bad("$.version", "version %d: this program reads version 1", s.Version)
	}
	if s.Title == "" {
		bad("$.title", "title is missing")
	}
	if len(s.Lanes) == 0 || len(s.Lanes) > maxLanes {
		bad("$.lanes", "%d lanes: want 1 to %d", len(s.Lanes), maxLanes)
	}
	for _, l := range s.Lanes {
		if l.Name == "" || strings.Trim(l.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			bad("$.lanes", "lane %q: a name is lower-case letters, digits and dashes", l.Name)
			continue
		}
		for _, part := range []struct{ name, value string }{{"source", l.Source}, {"strategy", l.Strategy}, {"transport", l.Transport}} {
			if part.value == "" {
				bad("$.lanes."+l.Name, "lane %s: %s is missing", l.Name, part.name)
			}
		}
	}
	if s.Workload.Kind != "fixed" && s.Workload.Kind != "llm" {
		bad("$.workload.kind", "workload kind %q: want fixed or llm", s.Workload.Kind)
	}
	if s.Workload.Rate <= 0 {
		bad("$.workload.rate", "workload rate is missing: for example 10/s")
	}
	if s.Workload.Retention < 0 {
		bad("$.workload.retention", "retention %d: want a number of entries, or 0 for all", s.Workload.Retention)
	}
	for name, g := range map[string]Group{"slow": s.Readers.Slow, "healthy": s.Readers.Healthy, "you": s.Readers.You} {
		if g.Count < 0 {
			bad("$.readers."+name+".count", "%d %s readers: want 0 or more", g.Count, name)
		}
	}
	return errors.Join(errs...)
}
