package script

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
)

// MaxFileBytes bounds a scenario file.
const MaxFileBytes = 256 << 10

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
func (l *Lanes) UnmarshalYAML(unmarshal func(any) error) error {
	var names yaml.MapSlice
	if err := unmarshal(&names); err != nil {
		return err
	}
	var byName map[string]Lane
	if err := unmarshal(&byName); err != nil {
		return err
	}
	for _, item := range names {
		name, ok := item.Key.(string)
		if !ok {
			return fmt.Errorf("lane name %v: want a word", item.Key)
		}
		lane := byName[name]
		lane.Name = name
		*l = append(*l, lane)
	}
	return nil
}

// Parse reads and checks a scenario. name is what the file is called, without
// its ending. The error says where: file:line:column with the source line.
func Parse(name string, text []byte) (Scenario, error) {
	if len(text) > MaxFileBytes {
		return Scenario{}, fmt.Errorf("scenario %s: %d bytes, at most %d", name, len(text), MaxFileBytes)
	}
	var s Scenario
	err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&s)
	if errors.Is(err, io.EOF) {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return Scenario{}, fmt.Errorf("scenario %s: %s", name, yaml.FormatError(err, false, true))
	}
	s.Name = name
	if err := s.check(); err != nil {
		return Scenario{}, fmt.Errorf("scenario %s: %w", name, err)
	}
	return s, nil
}

// maxLanes is what fits beside each other on a screen.
const maxLanes = 4

func (s Scenario) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Version != 1 {
		bad("version %d: this program reads version 1", s.Version)
	}
	if s.Title == "" {
		bad("title is missing")
	}
	if len(s.Lanes) == 0 || len(s.Lanes) > maxLanes {
		bad("%d lanes: want 1 to %d", len(s.Lanes), maxLanes)
	}
	for _, l := range s.Lanes {
		if l.Name == "" || strings.Trim(l.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			bad("lane %q: a name is lower-case letters, digits and dashes", l.Name)
		}
	}
	if s.Workload.Kind != "fixed" && s.Workload.Kind != "llm" {
		bad("workload kind %q: want fixed or llm", s.Workload.Kind)
	}
	if s.Workload.Rate <= 0 {
		bad("workload rate is missing: for example 10/s")
	}
	return errors.Join(errs...)
}
