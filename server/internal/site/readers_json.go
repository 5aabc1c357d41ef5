package site

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"spillway/server/internal/account"
	"spillway/server/internal/run"
)

// readerJSON is one reader of a lane. Bytes are of event text, at the last whole
// second of which everybody has spoken.
type readerJSON struct {
	Reader       string  `json:"reader"`
	Channel      string  `json:"channel"`
	Connected    bool    `json:"connected"`
	Silent       bool    `json:"silent"`            // reports nothing
	ID           uint64  `json:"connection,string"` // more than a number of JavaScript holds
	Broker       uint64  `json:"inBrokerBytes"`
	Backlog      uint64  `json:"inBacklogBytes"`
	SendQueue    uint64  `json:"inSendQueueBytes"`
	InFlight     uint64  `json:"inFlightBytes"`
	Held         uint64  `json:"inReaderBytes"`
	Consumed     uint64  `json:"consumedBytes"`
	Lost         uint64  `json:"lostBytes"`
	Gap          int64   `json:"gapBytes"`
	Gaps         uint64  `json:"gaps"`         // messages
	WriteSeconds float64 `json:"writeSeconds"` // of the current write
	ShutSeconds  float64 `json:"shutSeconds"`  // for which the reader's window has had no room
	Limited      float64 `json:"limitedSeconds"`
	Unseen       bool    `json:"unseen"` // the kernel does not tell
}

func readerJSONOf(l account.Line) readerJSON {
	return readerJSON{
		Reader: l.Reader, Channel: l.Channel, Connected: l.Connected, Silent: l.Silent, ID: l.ID,
		Broker: l.Broker, Backlog: l.Backlog, SendQueue: l.SendQueue, InFlight: l.InFlight, Held: l.Held,
		Consumed: l.Consumed, Lost: l.Lost, Gap: l.Gap, Gaps: l.Gaps,
		WriteSeconds: seconds(l.WriteMicros), ShutSeconds: seconds(l.ShutMicros), Limited: seconds(l.LimitedMicros), Unseen: l.Unseen,
	}
}

// readersJSON is the readers of a lane for scripts: ?sort= a column of their
// table, ?limit= how many at most, ?format=csv as a table.
func (s *Site) readersJSON(w http.ResponseWriter, r *http.Request) {
	lines, err := s.readersAsked(r)
	if err != nil {
		writeError(w, statusOf(err), err.Error())
		return
	}
	out := make([]readerJSON, len(lines))
	for i, l := range lines {
		out[i] = readerJSONOf(l)
	}
	if r.URL.Query().Get("format") == "csv" {
		writeReadersCSV(w, out)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Lane    string       `json:"lane"`
		Readers []readerJSON `json:"readers"`
	}{r.PathValue("lane"), out})
}

// errNoReaders answers who asks for readers beside a recording.
var errNoReaders = errors.New("this is a recording: nobody reads from its lanes any more")

// readersAsked are the lines that a request asks for.
func (s *Site) readersAsked(r *http.Request) ([]account.Line, error) {
	if s.o.Readers == nil {
		return nil, errNoReaders
	}
	query := r.URL.Query()
	by := orderOf("reader")
	if key := query.Get("sort"); key != "" && key != "name" {
		if by = orderOf(key); by.key != key {
			return nil, fmt.Errorf("%w: readers are not sorted by %.40q", run.ErrInvalid, key)
		}
	}
	format := query.Get("format")
	if format != "" && format != "csv" && format != "json" {
		return nil, fmt.Errorf("%w: there is no format %.40q", run.ErrInvalid, format)
	}
	lines, err := s.o.Readers.Readers(r.PathValue("lane"))
	if err != nil {
		return nil, err
	}
	name := orderOf("reader")
	slices.SortStableFunc(lines, func(a, b account.Line) int { return cmp.Or(by.compare(a, b), name.compare(a, b)) })
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%w: %.40q is no number of readers", run.ErrInvalid, text)
		}
		lines = lines[:min(len(lines), int(limit))]
	}
	return lines, nil
}

// writeReadersCSV writes a row for each reader, with the same columns.
func writeReadersCSV(w http.ResponseWriter, readers []readerJSON) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	out := csv.NewWriter(w)
	_ = out.Write([]string{ // a client that left is no error
		"reader", "channel", "connected", "silent", "connection",
		"in_broker_bytes", "in_backlog_bytes", "in_send_queue_bytes", "in_flight_bytes", "in_reader_bytes", "consumed_bytes", "lost_bytes", "gap_bytes",
		"gaps", "write_seconds", "shut_seconds", "limited_seconds", "unseen",
	})
	for _, r := range readers {
		row := []string{r.Reader, r.Channel, strconv.FormatBool(r.Connected), strconv.FormatBool(r.Silent)}
		for _, v := range []uint64{r.ID, r.Broker, r.Backlog, r.SendQueue, r.InFlight, r.Held, r.Consumed, r.Lost} {
			row = append(row, strconv.FormatUint(v, 10))
		}
		row = append(row, strconv.FormatInt(r.Gap, 10), strconv.FormatUint(r.Gaps, 10))
		for _, v := range []float64{r.WriteSeconds, r.ShutSeconds, r.Limited} {
			row = append(row, strconv.FormatFloat(v, 'f', -1, 64))
		}
		_ = out.Write(append(row, strconv.FormatBool(r.Unseen)))
	}
	out.Flush()
}
