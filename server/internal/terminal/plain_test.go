package terminal_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/run"
	"spillway/server/internal/terminal"
)

func TestPlain(t *testing.T) {
	var out strings.Builder
	p := terminal.NewPlain(&out)
	for _, v := range []run.View{starting(), rising(), rising(), dead(), dead()} {
		require.NoError(t, p.Show(v))
	}
	golden(t, "plain.txt", out.String())
}

func TestAStatusEveryTenSeconds(t *testing.T) {
	var out strings.Builder
	p := terminal.NewPlain(&out)
	v := rising()
	v.Log, v.Script.Steps = nil, nil
	for v.Elapsed = 0; v.Elapsed < 31*time.Second; v.Elapsed += 100 * time.Millisecond {
		require.NoError(t, p.Show(v))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3, out.String())
	require.Equal(t, "00:30  push 190 of 256 MiB, backlog 160 MiB, 2.1k/s; pull 18.0 of 256 MiB, backlog 293 KiB, 2.1k/s", lines[2])
}

func TestAStoryTellsEverythingOnce(t *testing.T) {
	var log []run.Entry
	var story terminal.Story
	told := 0
	for i := range 1000 {
		log = append(log, run.Entry{At: time.Duration(i) * time.Second, Text: "It goes on."})
		log = log[max(0, len(log)-200):]
		if i%7 == 0 {
			told += len(story.Tell(run.View{Log: log}, terminal.Look{}))
		}
	}
	require.Equal(t, 995, told)
}

func TestPlainSaysThatItCannotWrite(t *testing.T) {
	require.Error(t, terminal.NewPlain(full{}).Show(rising()))
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
