package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type config struct {
	Name string `json:"name"`
}

// parent is the other side of Serve: io.Pipe holds nothing, like a full pipe.
type parent struct {
	stdin   *io.PipeWriter
	stdout  *LineReader
	closeFn func() error
	log     *strings.Builder
	result  chan error
}

// serve runs Serve within a synctest bubble.
func serve(t *testing.T, ctx context.Context, run func(context.Context, config, *Link) error) *parent {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	p := &parent{
		stdin: inW, stdout: NewLineReader(outR, MaxLineBytes), closeFn: outR.Close,
		log: new(strings.Builder), result: make(chan error, 1),
	}
	t.Cleanup(func() { inW.Close(); outR.Close() })
	log := slog.New(slog.NewTextHandler(p.log, nil))
	go func() { p.result <- Serve(ctx, Options{Stdin: inR, Stdout: outW, Log: log}, run) }()
	return p
}

func (p *parent) say(t *testing.T, line string) {
	t.Helper()
	_, err := io.WriteString(p.stdin, line+"\n")
	require.NoError(t, err)
}

func (p *parent) hear(t *testing.T) string {
	t.Helper()
	line, cut, err := p.stdout.Next()
	require.NoError(t, err)
	require.False(t, cut)
	return string(line)
}

func untilDone(ctx context.Context, _ config, _ *Link) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serve(t, t.Context(), func(ctx context.Context, cfg config, link *Link) error {
			require.ErrorIs(t, link.Report("early"), ErrNotReady)
			if err := link.Ready(map[string]string{"hello": cfg.Name}); err != nil {
				return err
			}
			require.ErrorIs(t, link.Ready(nil), ErrReadyTwice)
			for c := range link.Commands() {
				if err := link.Report(map[string]json.RawMessage{"got": c}); err != nil {
					return err
				}
			}
			require.ErrorIs(t, context.Cause(ctx), ErrParentGone)
			return nil
		})
		p.say(t, `{"name":"push"}`)
		require.JSONEq(t, `{"hello":"push"}`, p.hear(t))
		p.say(t, `{"rate":5}`)
		require.JSONEq(t, `{"got":{"rate":5}}`, p.hear(t))
		p.say(t, `null`)
		require.JSONEq(t, `{"got":null}`, p.hear(t))
		require.NoError(t, p.stdin.Close())
		require.NoError(t, <-p.result)
	})
}

func TestServeEnds(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		run  func(context.Context, config, *Link) error
		end  func(p *parent, cancel func())
		want error
	}{
		{"stdin ends, run leaves", untilDone, func(p *parent, _ func()) { p.stdin.Close() }, nil},
		{"stdin breaks, run leaves", untilDone, func(p *parent, _ func()) { p.stdin.CloseWithError(broken) }, nil},
		{"cancelled, run leaves", untilDone, func(_ *parent, cancel func()) { cancel() }, nil},
		{
			"run leaves with the cause",
			func(ctx context.Context, _ config, _ *Link) error {
				<-ctx.Done()
				return fmt.Errorf("wait: %w", context.Cause(ctx))
			},
			func(p *parent, _ func()) { p.stdin.Close() }, nil,
		},
		{
			"run fails while leaving",
			func(ctx context.Context, _ config, _ *Link) error { <-ctx.Done(); return broken },
			func(p *parent, _ func()) { p.stdin.Close() }, broken,
		},
		{
			"run fails",
			func(context.Context, config, *Link) error { return broken },
			func(*parent, func()) {}, broken,
		},
		{
			"run cancels by itself, which is a failure",
			func(context.Context, config, *Link) error { return context.Canceled },
			func(*parent, func()) {}, context.Canceled,
		},
		{
			"run is done",
			func(context.Context, config, *Link) error { return nil },
			func(*parent, func()) {}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				p := serve(t, ctx, c.run)
				p.say(t, `{"name":"x"}`)
				synctest.Wait()
				begin := time.Now()
				c.end(p, cancel)
				err := <-p.result
				if c.want == nil {
					require.NoError(t, err)
					require.Equal(t, ExitOK, ExitCode(err))
				} else {
					require.ErrorIs(t, err, c.want)
					require.Equal(t, ExitFailure, ExitCode(err))
				}
				require.Zero(t, time.Since(begin), "no grace is waited for")
			})
		})
	}
}

func TestServeLeavesAStuckRunBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := serve(t, t.Context(), func(context.Context, config, *Link) error { <-release; return nil })
		p.say(t, `{}`)
		begin := time.Now()
		require.NoError(t, p.stdin.Close())
		err := <-p.result
		require.ErrorIs(t, err, ErrStuck)
		require.ErrorContains(t, err, ErrParentGone.Error())
		require.Equal(t, leaveGrace, time.Since(begin))
		close(release)
	})
}

func TestServeRefusesAMalformedConfiguration(t *testing.T) {
	for name, stdin := range map[string]string{
		"nothing":       "",
		"empty line":    "\n",
		"no JSON":       "{name}\n",
		"torn":          `{"name":"x`,
		"wrong type":    `{"name":1}` + "\n",
		"unknown field": `{"nmae":"x"}` + "\n",
		"two values":    `{"name":"x"} {}` + "\n",
		"too long":      `{"name":"` + strings.Repeat("x", MaxLineBytes) + `"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			err := Serve(t.Context(), Options{Stdin: strings.NewReader(stdin), Stdout: io.Discard},
				func(context.Context, config, *Link) error {
					t.Error("run was called")
					return nil
				})
			var malformed *ConfigError
			require.ErrorAs(t, err, &malformed)
			require.ErrorContains(t, err, "read configuration line: ")
			require.Equal(t, ExitUsage, ExitCode(err))
		})
	}
}

func TestServeCancelledBeforeTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := serve(t, ctx, untilDone)
		cancel()
		require.NoError(t, <-p.result)
	})
}

func TestCommandsMalformed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		links := make(chan *Link, 1)
		p := serve(t, t.Context(), func(ctx context.Context, cfg config, link *Link) error {
			links <- link
			return untilDone(ctx, cfg, link)
		})
		p.say(t, `{}`)
		link := <-links
		p.say(t, `{"torn`)
		p.say(t, ``)
		p.say(t, strings.Repeat("1", MaxLineBytes+1))
		p.say(t, `42`)
		require.Equal(t, `42`, string(<-link.Commands()))
		require.Equal(t, uint64(2), link.Malformed())
		require.Zero(t, link.CommandsDropped())
	})
}

// A child that takes no commands still notices the end of stdin, and finds the
// newest commands when it looks.
func TestCommandsDropTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		links := make(chan *Link, 1)
		p := serve(t, t.Context(), func(ctx context.Context, cfg config, link *Link) error {
			links <- link
			return untilDone(ctx, cfg, link)
		})
		p.say(t, `{}`)
		const sent = commandQueueLines + 5
		for i := range sent {
			p.say(t, fmt.Sprint(i))
		}
		require.NoError(t, p.stdin.Close())
		require.NoError(t, <-p.result)
		link := <-links
		require.Equal(t, uint64(5), link.CommandsDropped())
		want := 5
		for c := range link.Commands() {
			require.Equal(t, fmt.Sprint(want), string(c))
			want++
		}
		require.Equal(t, sent, want)
	})
}

// While the parent does not read, reports neither block nor pile up.
func TestReportsDropTheOldest(t *testing.T) {
	for _, c := range []struct {
		name       string
		text       string
		count      int
		wantInLine int // reports that wait behind the one being written
	}{
		{"by lines", "x", 1000, reportQueueLines},
		{"by bytes", strings.Repeat("x", 200<<10), 20, 5},
		{"one as large as all", strings.Repeat("x", MaxLineBytes-64), 3, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				type report struct {
					Seq  int
					Text string
				}
				sent := make(chan *Link, 1)
				p := serve(t, t.Context(), func(ctx context.Context, cfg config, link *Link) error {
					if err := link.Ready(nil); err != nil {
						return err
					}
					for i := range c.count {
						if err := link.Report(report{i + 1, c.text}); err != nil {
							return err
						}
						if i == 0 {
							synctest.Wait() // the first is stuck in the pipe
						}
					}
					sent <- link
					return untilDone(ctx, cfg, link)
				})
				p.say(t, `{}`)
				require.Equal(t, `null`, p.hear(t))
				link := <-sent
				require.Equal(t, uint64(c.count-1-c.wantInLine), link.ReportsDropped())

				var seqs []int
				for range 1 + c.wantInLine {
					var r report
					require.NoError(t, json.Unmarshal([]byte(p.hear(t)), &r))
					seqs = append(seqs, r.Seq)
				}
				want := []int{1}
				for i := c.count - c.wantInLine; i < c.count; i++ {
					want = append(want, i+1)
				}
				require.Equal(t, want, seqs)
			})
		})
	}
}

func TestLastReportsLeaveBeforeServeReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serve(t, t.Context(), func(_ context.Context, _ config, link *Link) error {
			if err := link.Ready(nil); err != nil {
				return err
			}
			return link.Report("goodbye")
		})
		p.say(t, `{}`)
		p.hear(t)
		require.Equal(t, `"goodbye"`, p.hear(t))
		require.NoError(t, <-p.result)
	})
}

func TestServeDoesNotWaitForAParentThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serve(t, t.Context(), func(_ context.Context, _ config, link *Link) error {
			if err := link.Ready(nil); err != nil {
				return err
			}
			return link.Report("unheard")
		})
		p.say(t, `{}`)
		p.hear(t)
		begin := time.Now()
		require.NoError(t, <-p.result)
		require.Equal(t, flushGrace, time.Since(begin))
		require.Contains(t, p.log.String(), "reports unread")
	})
}

func TestReportErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		links := make(chan *Link, 1)
		p := serve(t, t.Context(), func(ctx context.Context, cfg config, link *Link) error {
			if err := link.Ready(nil); err != nil {
				return err
			}
			links <- link
			return untilDone(ctx, cfg, link)
		})
		p.say(t, `{}`)
		p.hear(t)
		link := <-links
		require.ErrorIs(t, link.Report(strings.Repeat("x", MaxLineBytes)), ErrLineTooLong)
		require.Error(t, link.Report(func() {}))

		require.NoError(t, p.closeFn()) // the parent no longer reads
		require.NoError(t, link.Report(1), "not known yet")
		synctest.Wait()
		require.ErrorIs(t, link.Report(2), ErrClosed)
		p.stdin.Close()
		require.NoError(t, <-p.result)
		require.ErrorIs(t, link.Ready(nil), ErrClosed)
	})
}

func TestLogWorthy(t *testing.T) {
	var logged []uint64
	for n := uint64(1); n <= 20; n++ {
		if LogWorthy(n) {
			logged = append(logged, n)
		}
	}
	require.Equal(t, []uint64{1, 2, 4, 8, 16}, logged)
}
