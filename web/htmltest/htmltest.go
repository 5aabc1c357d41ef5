// Package htmltest checks rendered HTML: that it is what a browser makes of it,
// that ids are unique and lead somewhere, and that everything to be used has a
// name. Only tests import it.
package htmltest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Nodes parses markup and returns its elements in document order. A fragment is
// read as the content of a div.
func Nodes(t testing.TB, markup string) []*html.Node {
	t.Helper()
	var roots []*html.Node
	if strings.HasPrefix(markup, "<!") {
		root, err := html.ParseWithOptions(strings.NewReader(markup), html.ParseOptionEnableScripting(false))
		require.NoError(t, err)
		roots = []*html.Node{root}
	} else {
		var err error
		roots, err = html.ParseFragment(strings.NewReader(markup), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
		require.NoError(t, err)
	}
	var all []*html.Node
	for _, r := range roots {
		if r.Type == html.ElementNode {
			all = append(all, r)
		}
		for n := range r.Descendants() {
			if n.Type == html.ElementNode {
				all = append(all, n)
			}
		}
	}
	return all
}

// Attr returns an attribute and whether there is one.
func Attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// WellFormed fails unless a browser's tree has exactly the elements that the
// markup spells, nested as it spells them, and every one of them is closed.
func WellFormed(t testing.TB, markup string) {
	t.Helper()
	void := []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
	var written, open []string
	z := html.NewTokenizer(strings.NewReader(markup))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		switch token.Type {
		case html.StartTagToken:
			if token.Data == "noscript" {
				z.NextIsNotRawText()
			}
			written = append(written, token.Data+path(open))
			if !slices.Contains(void, token.Data) {
				open = append(open, token.Data)
			}
		case html.SelfClosingTagToken:
			written = append(written, token.Data+path(open))
		case html.EndTagToken:
			require.NotEmpty(t, open, "</%s> closes nothing", token.Data)
			require.Equal(t, open[len(open)-1], token.Data, "</%s> within %v", token.Data, open)
			open = open[:len(open)-1]
		}
		for i, a := range token.Attr {
			for _, b := range token.Attr[:i] {
				require.NotEqual(t, a.Key, b.Key, "<%s> has the attribute twice", token.Data)
			}
		}
	}
	require.Empty(t, open, "left open")
	var read []string
	for _, n := range Nodes(t, markup) {
		var above []string
		for p := n.Parent; p != nil && p.Type == html.ElementNode; p = p.Parent {
			above = append(above, strings.ToLower(p.Data))
		}
		slices.Reverse(above)
		read = append(read, strings.ToLower(n.Data)+path(above))
	}
	for i := range min(len(written), len(read)) {
		require.Equal(t, written[i], read[i], "element %d of the markup and of the tree", i)
	}
	require.Len(t, read, len(written))
}

func path(open []string) string { return " in " + strings.Join(open, ">") }

// IDs fails unless every id is there once and everything that names one finds
// it. elsewhere lists ids that only the rest of the page has.
func IDs(t testing.TB, markup string, elsewhere ...string) {
	t.Helper()
	nodes := Nodes(t, markup)
	ids := map[string]bool{}
	for _, n := range nodes {
		if id, ok := Attr(n, "id"); ok {
			require.NotEmpty(t, id)
			require.NotContains(t, id, " ")
			require.False(t, ids[id], "id %q twice", id)
			ids[id] = true
		}
	}
	for _, id := range elsewhere {
		ids[id] = true
	}
	for _, n := range nodes {
		for _, key := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls"} {
			if names, ok := Attr(n, key); ok {
				for _, id := range strings.Fields(names) {
					require.True(t, ids[id], "<%s %s=%q> leads nowhere", n.Data, key, names)
				}
			}
		}
		if href, _ := Attr(n, "href"); strings.HasPrefix(href, "#") {
			require.True(t, ids[href[1:]], "<a href=%q> leads nowhere", href)
		}
	}
}

// Named fails unless everything a person can use, and every picture that is not
// hidden from them, has an accessible name.
func Named(t testing.TB, markup string) {
	t.Helper()
	nodes := Nodes(t, markup)
	byID, labels := map[string]*html.Node{}, map[string]*html.Node{}
	for _, n := range nodes {
		if id, ok := Attr(n, "id"); ok {
			byID[id] = n
		}
		if id, ok := Attr(n, "for"); ok && n.Data == "label" {
			labels[id] = n
		}
	}
	for _, n := range nodes {
		role, _ := Attr(n, "role")
		_, focusable := Attr(n, "tabindex")
		uses := slices.Contains([]string{"a", "button", "summary", "input", "dialog", "select"}, n.Data) || focusable || role == "img" || role == "group"
		if !uses {
			continue
		}
		name, _ := Attr(n, "aria-label")
		if id, ok := Attr(n, "aria-labelledby"); ok {
			name += text(byID[id])
		}
		if id, ok := Attr(n, "id"); ok && labels[id] != nil {
			name += text(labels[id])
		}
		if n.Data != "input" && n.Data != "dialog" && role != "img" && role != "group" {
			name += text(n)
		}
		require.NotEmpty(t, strings.TrimSpace(name), "<%s %v> has no accessible name", n.Data, n.Attr)
	}
}

// text is what is read aloud of n.
func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	if n.Type == html.TextNode {
		return n.Data
	}
	if hidden, _ := Attr(n, "aria-hidden"); hidden == "true" {
		return ""
	}
	label, _ := Attr(n, "aria-label")
	var all strings.Builder
	all.WriteString(label)
	for c := range n.ChildNodes() {
		all.WriteString(text(c))
	}
	return all.String()
}
