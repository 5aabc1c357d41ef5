package heap

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// maxUnpackedBytes bounds what a profile may become when it is unpacked. Those of
// lanes with 210 readers are 17 to 20 KB; one that is a thousand times as large is
// none of theirs.
const maxUnpackedBytes = 32 << 20

// Profile is a heap profile, summed up by allocation site.
type Profile struct {
	Bytes       int64  // in use, an estimate
	Objects     int64  // likewise
	SampleEvery int64  // mean bytes between two samples; 0: the file does not say
	Sites       []Site // by bytes, the most first
}

// Site is a line of code that allocated bytes which are in use, as it was reached
// from one place of this program.
type Site struct {
	Place
	From    Place // the nearest frame of this program; the site itself where it is ours, empty without one
	Part    Part
	Bytes   int64
	Objects int64
}

// Place is a line of code, as short as people say it.
type Place struct {
	Function string // with its package: proto.(*Reader).readStringReply
	File     string // with its folder: proto/reader.go
	Line     int64
}

// Own tells whether the allocating line itself is of this program.
func (s Site) Own() bool { return s.Place == s.From }

// Share is the part of p's bytes that are this site's, from 0 to 1.
func (p Profile) Share(bytes int64) float64 {
	if p.Bytes == 0 {
		return 0
	}
	return float64(bytes) / float64(p.Bytes)
}

// Of sums up the sites of a part.
func (p Profile) Of(part Part) (bytes int64) {
	for _, s := range p.Sites {
		if s.Part == part {
			bytes += s.Bytes
		}
	}
	return bytes
}

// Parse reads a heap profile as a Go program writes it, a gzipped protocol buffer.
func Parse(raw []byte) (Profile, error) {
	packed, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return Profile{}, fmt.Errorf("unpack heap profile: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(packed, maxUnpackedBytes+1))
	if err != nil {
		return Profile{}, fmt.Errorf("unpack heap profile: %w", err)
	}
	if len(text) > maxUnpackedBytes {
		return Profile{}, fmt.Errorf("unpack heap profile: more than %d MiB", maxUnpackedBytes>>20)
	}
	p, err := profile.ParseUncompressed(text)
	if err == nil {
		err = p.CheckValid()
	}
	if err != nil {
		return Profile{}, fmt.Errorf("read heap profile: %w", err)
	}
	return sum(p)
}

// errNoHeap is about a profile of something else, for example of CPU time.
var errNoHeap = errors.New("read heap profile: it does not count bytes in use")

func sum(p *profile.Profile) (Profile, error) {
	kind := func(name string) int {
		return slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == name })
	}
	space, objects := kind("inuse_space"), kind("inuse_objects")
	if space < 0 || objects < 0 {
		return Profile{}, errNoHeap
	}
	out := Profile{SampleEvery: p.Period}
	type key struct {
		at, from Place
		part     Part
	}
	sums := make(map[key]*Site)
	for _, s := range p.Sample {
		if s.Value[space] == 0 {
			continue // allocated and forgotten by now
		}
		stack := framesOf(s)
		if len(stack) == 0 {
			continue
		}
		from := ownFrame(stack)
		k := key{at: stack[0].place, from: from.place, part: partOf(stack, from)}
		site := sums[k]
		if site == nil {
			site = &Site{Place: k.at, From: k.from, Part: k.part}
			sums[k] = site
		}
		site.Bytes += s.Value[space]
		site.Objects += s.Value[objects]
		out.Bytes += s.Value[space]
		out.Objects += s.Value[objects]
	}
	for _, site := range sums {
		out.Sites = append(out.Sites, *site)
	}
	slices.SortFunc(out.Sites, func(a, b Site) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), comparePlaces(a.Place, b.Place), comparePlaces(a.From, b.From), cmp.Compare(a.Part, b.Part))
	})
	return out, nil
}

func comparePlaces(a, b Place) int {
	return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
}

// frame is one call of a stack. name is the function's with its whole path.
type frame struct {
	name  string
	place Place
}

// framesOf is the stack of a sample, the allocating line first. Functions that
// the compiler put into their callers are frames as well.
func framesOf(s *profile.Sample) []frame {
	var out []frame
	for _, at := range s.Location {
		for _, line := range at.Line {
			if line.Function == nil {
				continue
			}
			out = append(out, frame{line.Function.Name, Place{
				Function: shortFunction(line.Function.Name),
				File:     shortFile(line.Function.Filename),
				Line:     line.Line,
			}})
		}
	}
	return out
}

// major is the last part of the path of a module from its second version on.
var major = regexp.MustCompile(`^v[0-9]+$`)

// shortFunction keeps the function and the name of its package: of
// github.com/redis/go-redis/v9.NewClient it is go-redis.NewClient.
func shortFunction(name string) string {
	folder, last := path.Split(name)
	pkg, rest, ok := strings.Cut(last, ".")
	if ok && major.MatchString(pkg) {
		return path.Base(folder) + "." + rest
	}
	return last
}

// shortFile keeps the file and its folder, without the version of a module.
func shortFile(name string) string {
	if name == "" {
		return ""
	}
	folder, file := path.Split(strings.ReplaceAll(name, `\`, "/"))
	folder = path.Clean(folder)
	pkg, _, _ := strings.Cut(path.Base(folder), "@")
	if major.MatchString(pkg) {
		pkg = path.Base(path.Dir(folder))
	}
	return path.Join(pkg, file)
}
