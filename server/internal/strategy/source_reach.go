package strategy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
)

// reading is what the source of a package says about who calls whom. It goes by
// names, as a person who reads does: what has the name of a function is taken
// for it.
type reading struct {
	files   map[string]string         // function → file; methods are called "queue.next"
	methods map[string][]string       // type → its methods
	types   map[string]ast.Node       // type → what it is made of
	bodies  map[string]*ast.BlockStmt // function → what it does
}

func newReading() *reading {
	return &reading{make(map[string]string), make(map[string][]string), make(map[string]ast.Node), make(map[string]*ast.BlockStmt)}
}

// add reads a file. One that is no Go cannot have been compiled.
func (r *reading) add(name, text string) {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			function := d.Name.Name
			if d.Recv != nil {
				of := receiver(d.Recv.List[0].Type)
				function = of + "." + function
				r.methods[of] = append(r.methods[of], function)
			}
			r.files[function], r.bodies[function] = name, d.Body
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if t, ok := s.(*ast.TypeSpec); ok {
					r.types[t.Name.Name] = t.Type
				}
			}
		}
	}
}

func receiver(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	name, _ := e.(*ast.Ident)
	return name.String()
}

// waitingFrom are the files of the functions in which a goroutine can wait, of
// those that a function comes to, in the order in which it does.
func (r *reading) waitingFrom(function string) []string {
	reached := r.reach(function)
	waiting := make(map[string]bool) // names without their type
	for changed := true; changed; {
		changed = false
		for _, f := range reached {
			if name := bare(f); !waiting[name] && waitsIn(r.bodies[f], waiting) {
				waiting[name], changed = true, true
			}
		}
	}
	var files []string
	for _, f := range reached {
		if waiting[bare(f)] && !slices.Contains(files, r.files[f]) {
			files = append(files, r.files[f])
		}
	}
	return files
}

// reach lists a function and all that can be called from there: functions that
// are named, and every method of the types that are.
func (r *reading) reach(function string) []string {
	reached := []string{function}
	met := map[string]bool{}
	var meet func(n ast.Node)
	meet = func(n ast.Node) {
		names(n, func(name string) {
			if met[name] {
				return
			}
			met[name] = true
			if _, ok := r.files[name]; ok {
				reached = append(reached, name)
			}
			reached = append(reached, r.methods[name]...)
			if t := r.types[name]; t != nil {
				meet(t)
			}
		})
	}
	for i := 0; i < len(reached); i++ { // grows meanwhile
		if body := r.bodies[reached[i]]; body != nil {
			meet(body)
		}
	}
	return reached
}

// names calls found with each name that stands on its own: not fields, methods,
// variables of n, or what belongs to another package.
func names(n ast.Node, found func(string)) {
	own := map[string]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		if set, ok := n.(*ast.AssignStmt); ok && set.Tok == token.DEFINE {
			for _, e := range set.Lhs {
				if v, ok := e.(*ast.Ident); ok {
					own[v.Name] = true
				}
			}
		}
		return true
	})
	var look func(n ast.Node) bool
	look = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			ast.Inspect(n.X, look)
			return false
		case *ast.Field:
			ast.Inspect(n.Type, look)
			return false
		case *ast.KeyValueExpr:
			if _, field := n.Key.(*ast.Ident); field {
				ast.Inspect(n.Value, look)
				return false
			}
		case *ast.Ident:
			if !own[n.Name] {
				found(n.Name)
			}
		}
		return true
	}
	ast.Inspect(n, look)
}

// blocking are calls in which a goroutine can wait: of a source, a sink, a lock,
// a group.
var blocking = []string{"Next", "Send", "SendAll", "Wait", "Lock", "RLock"}

// waitsIn tells whether a goroutine can wait in a function itself or in one of
// those that wait.
func waitsIn(body *ast.BlockStmt, waiting map[string]bool) (can bool) {
	if body == nil {
		return false
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SendStmt, *ast.SelectStmt:
			can = true
		case *ast.UnaryExpr:
			can = can || n.Op == token.ARROW
		case *ast.CallExpr:
			switch f := n.Fun.(type) {
			case *ast.Ident:
				can = can || waiting[f.Name]
			case *ast.SelectorExpr:
				can = can || waiting[f.Sel.Name] || slices.Contains(blocking, f.Sel.Name)
			}
		}
		return !can
	})
	return can
}

// bare is a function without its type.
func bare(function string) string {
	for i := len(function) - 1; i >= 0; i-- {
		if function[i] == '.' {
			return function[i+1:]
		}
	}
	return function
}
