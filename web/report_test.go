package web_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web"
)

// A report stands alone: its style sheet leads nowhere, and cannot end the
// element it is put into.
func TestReportStyleStandsAlone(t *testing.T) {
	css := web.ReportStyle()
	require.NotEmpty(t, css)
	require.NotRegexp(t, `(?i)https?:|url\(|@import|</|<!--`, css)
}

// Its colours are those of the pages, whose contrast is tested.
func TestReportColours(t *testing.T) {
	colours := palette(t)
	seen := 0
	for _, m := range declared.FindAllStringSubmatch(web.ReportStyle(), -1) {
		if m[1] == "line" || m[1] == "grid" {
			continue // hairlines, told apart by nothing
		}
		seen++
		require.Contains(t, colours, m[1])
		require.Equal(t, colours[m[1]], [2]rgb{parse(t, m[2]), parse(t, m[3])}, "--%s", m[1])
	}
	require.Equal(t, 13, seen)
	// Colours that are used are declared.
	for _, m := range regexp.MustCompile(`var\(--([a-z0-9-]+)\)`).FindAllStringSubmatch(web.ReportStyle(), -1) {
		if m[1] != "c" {
			require.Contains(t, web.ReportStyle(), "--"+m[1]+": ")
		}
	}
}
