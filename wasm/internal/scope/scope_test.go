package scope_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/internal/scope"
)

func TestEndingReachesEveryScopeWithin(t *testing.T) {
	outer := scope.New(nil)
	inner := scope.New(outer)
	innermost := scope.New(inner)
	sibling := scope.New(outer)

	inner.End()
	inner.End()
	require.ErrorIs(t, inner.Err(), scope.ErrEnded)
	require.ErrorIs(t, innermost.Err(), scope.ErrEnded)
	require.NoError(t, outer.Err())
	require.NoError(t, sibling.Err())

	outer.End()
	<-sibling.Done()
	require.ErrorIs(t, scope.New(outer).Err(), scope.ErrEnded, "too late")
}
