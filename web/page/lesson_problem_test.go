package page

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALineIsCutBeforeWhatIsMeant(t *testing.T) {
	p := Problem{Line: 9, Column: 12, Length: 3, Source: "transport: ses"}
	require.Equal(t, p, p.near(), "there is room for all of it")

	p = Problem{Line: 9, Column: 68, Length: 3, Source: "  push: {source: redis-pubsub, strategy: push-büffered, transport: ses}"}
	require.Equal(t, "9 │ …üffered, transport: ses}\n  │                      ^^^", p.near().quoted())
	p.Column = 500
	require.Equal(t, p, p.near(), "no such column")
}
