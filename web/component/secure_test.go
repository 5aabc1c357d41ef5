package component_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web/component"
)

func TestACertificateIsAcceptedWhereThereIsOne(t *testing.T) {
	l := lane("push", 0)
	require.Empty(t, render(t, component.Accept(l)))
	l.Accept = "/lanes/push/open"
	text := render(t, component.LaneCard(l))
	require.Contains(t, text, `shows a certificate that the server made itself`)
	require.Contains(t, text, `<a href="/lanes/push/open" target="_blank" rel="noopener">`)
}
