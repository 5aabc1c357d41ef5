//go:build browser

package e2e

import "testing"

func TestZZ(t *testing.T) {
	p := start(t, "--scenarios", "/tmp/sw-h/own")
	page := openTab(t, openBrowser(t), p.URL+"lessons/mine", 390, 844)
	t.Log(eval[string](page, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 391).map(e => e.tagName + "." + e.className + " " + e.getBoundingClientRect().right + " " + getComputedStyle(e).position).join("\n")`))
	t.Log(eval[string](page, `[...document.querySelectorAll("main, main > *, .file-problem, pre, details, summary, .actions, .opening *, footer")].map(e => e.tagName + "." + e.className + " " + e.getBoundingClientRect().right + " sw " + e.scrollWidth + " " + e.clientWidth).join("\n")`))
}
