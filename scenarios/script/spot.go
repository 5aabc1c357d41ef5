package script

import "github.com/goccy/go-yaml/token"

// spot is a value of the file, and where it stands.
type spot struct {
	key  *token.Token // the name in front of it; nil in a list
	mark *token.Token // what an error about the value points at
	text string       // of a scalar
	bad  bool         // an error about it is already reported
	kids map[string]*spot
	list []*spot
}

// at is the value below, or nil where the file has none.
func (s *spot) at(names ...string) *spot {
	for _, n := range names {
		if s == nil {
			return nil
		}
		s = s.kids[n]
	}
	return s
}

// item is an entry of a list, or nil where the file has none.
func (s *spot) item(i int) *spot {
	if s == nil || i >= len(s.list) {
		return nil
	}
	return s.list[i]
}

// there tells whether the file has the value.
func (s *spot) there() bool { return s != nil }

// good tells whether the file has the value, and could be read.
func (s *spot) good() bool { return s != nil && !s.bad }

// token is what an error about the value points at; nil is the file as a whole.
func (s *spot) token() *token.Token {
	if s == nil {
		return nil
	}
	return s.mark
}

// name is the token of the key, or else what the value is marked with.
func (s *spot) name() *token.Token {
	if s == nil || s.key == nil {
		return s.token()
	}
	return s.key
}

// add puts a value below a name.
func (s *spot) add(name string, kid *spot) {
	if s.kids == nil {
		s.kids = make(map[string]*spot)
	}
	s.kids[name] = kid
}
