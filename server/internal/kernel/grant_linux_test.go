package kernel_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/kernel"
)

// The kernel says what is the most in one place and grants it in another.
func TestGrantedSendBufferEndsAtTheKernelsMaximum(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/core/wmem_max")
	require.NoError(t, err)
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	for asked, want := range map[int]int{16 << 10: 16 << 10, most: most, 2 * most: most} {
		granted, err := kernel.GrantedSendBuffer(asked)
		require.NoError(t, err)
		require.Equal(t, want, granted, "asked for %d", asked)
	}
	least, err := kernel.GrantedSendBuffer(1)
	require.NoError(t, err)
	require.Greater(t, least, 1)
}
