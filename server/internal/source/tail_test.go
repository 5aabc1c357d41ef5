package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

// A thousand streams are kept no longer than a few are, however long they run.
func TestStreamsShareWhatIsKept(t *testing.T) {
	for streams, room := range map[int]int{1: tailBytes, 4: tailBytes / 4, 1000: windowBytes} {
		s := newTails()
		for i := range streams {
			s.keys[fmt.Sprint(i)] = &tail{of: s, grew: make(chan struct{})}
		}
		s.share()
		data := strings.Repeat("x", 1<<10)
		for _, one := range s.keys {
			for seq := range uint64(2 * room >> 10) {
				one.append([]lane.Message{{Seq: seq + 1, Data: data}})
			}
			require.Equal(t, room, one.bytes, "%d streams", streams)
		}
	}
}
