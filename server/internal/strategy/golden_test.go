package strategy_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/strategy"
	"spillway/server/internal/strategy/strategytest"
)

// row is what an operator of Reactor did, and the strategy that stands for it.
type row struct {
	operator, received, dropped, end string
	strategy                         string
	options                          map[string]string
}

func goldenRows(t *testing.T) (rows []row) {
	text, err := os.ReadFile("testdata/overflow.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, ";")
		require.Len(t, cells, 5, line)
		for i := range cells {
			cells[i] = strings.Join(strings.Fields(cells[i]), " ")
		}
		r := row{cells[0], cells[1], cells[2], cells[3], "", map[string]string{}}
		for i, word := range strings.Fields(cells[4]) {
			if i == 0 {
				r.strategy = word
				continue
			}
			name, value, _ := strings.Cut(word, "=")
			r.options[name] = value
		}
		rows = append(rows, r)
	}
	require.NotEmpty(t, rows)
	return rows
}

// Overflow is Reactor's, to the element.
func TestOverflowIsReactors(t *testing.T) {
	for _, r := range goldenRows(t) {
		t.Run(r.operator, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { r.play(t) })
		})
	}
}

func (r row) play(t *testing.T) {
	d, ok := strategy.Find(r.strategy)
	require.True(t, ok, r.strategy)
	l := strategytest.StartWith(t, d, r.options, true, false)
	l.Serve(1000)
	bars := []int{}
	request := func(n int) {
		if !l.Ended() {
			l.Request(n)
		}
		synctest.Wait()
	}
	push := func(n int) {
		l.Give(n)
		synctest.Wait()
		if !l.Ended() {
			bars = append(bars, len(l.Sink.Received()))
		}
	}
	request(3)
	push(10)
	request(2)
	push(2)
	request(100)
	l.Source.Fail(io.EOF)
	err := l.Wait()
	require.False(t, l.Sink.Unasked(), "sent what nobody asked for")

	received, arrived := "", map[uint64]bool{}
	for i, seq := range l.Sink.Received() {
		for _, bar := range bars {
			if bar == i {
				received += "| "
			}
		}
		received += fmt.Sprint(seq, " ")
		arrived[seq] = true
	}
	for _, bar := range bars {
		if bar == len(arrived) {
			received += "|"
		}
	}
	require.Equal(t, r.received, strings.TrimSpace(received))

	c, lost := l.Counts(), ""
	for seq := uint64(1); seq <= c.Accepted && c.Dropped > 0; seq++ {
		if !arrived[seq] {
			lost += fmt.Sprint(seq, " ")
		}
	}
	require.Equal(t, r.dropped, strings.TrimSpace(lost))
	require.Equal(t, uint64(len(strings.Fields(r.dropped))), c.Dropped)
	require.Equal(t, r.end, endOf(err))
}

// endOf is the end of a stream as the table writes it.
func endOf(err error) string {
	var closed *strategy.CloseError
	switch {
	case errors.Is(err, io.EOF):
		return "complete"
	case errors.As(err, &closed):
		return string(closed.Reason)
	}
	return fmt.Sprint(err)
}
