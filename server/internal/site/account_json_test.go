package site

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// accounted is a run of which one lane has an account, and another has none yet.
func accounted() *fakeRun {
	f := death()
	f.change(func(v *run.View) {
		v.Sample.Lanes[0].Account = wire.Account{
			Produced: 1000, Broker: 1, Backlog: 2, SendQueue: 3, InFlight: 4, Held: 5, Consumed: 906,
			LostStrategy: 20, LostTrimmed: 30, LostBroker: 40, LostLeft: 50, Gap: -61, Unseen: 7, Silent: 8,
		}
	})
	return f
}

func TestAccountForScripts(t *testing.T) {
	s := serve(t, accounted(), "")
	a := s.ask("GET", "/api/run", "")
	require.Equal(t, 200, a.status)
	var got struct {
		Lanes []struct{ Account map[string]int64 }
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
	require.Equal(t, map[string]int64{
		"producedBytes": 1000, "inBrokerBytes": 1, "inBacklogBytes": 2, "inSendQueueBytes": 3, "inFlightBytes": 4, "inReaderBytes": 5, "consumedBytes": 906,
		"lostStrategyBytes": 20, "lostTrimmedBytes": 30, "lostBrokerBytes": 40, "lostLeftBytes": 50, "gapBytes": -61, "unseenReaders": 7, "silentReaders": 8,
	}, got.Lanes[0].Account)
	require.Nil(t, got.Lanes[1].Account)
}

func TestAccountForPrometheus(t *testing.T) {
	s := serve(t, accounted(), "")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(s.ask("GET", "/metrics", "").body))
	require.NoError(t, err)
	got := make(map[string]float64)
	for _, m := range families["spillway_lane_account_bytes"].GetMetric() {
		labels := make(map[string]string)
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		require.Equal(t, "push", labels["lane"], "the other has none")
		got[labels["part"]] = m.GetGauge().GetValue()
	}
	require.Equal(t, map[string]float64{
		"broker": 1, "backlog": 2, "send_queue": 3, "in_flight": 4, "reader": 5, "consumed": 906,
		"lost_strategy": 20, "lost_trimmed": 30, "lost_broker": 40, "lost_left": 50,
	}, got)
	require.Equal(t, 1000.0, families["spillway_lane_account_produced_bytes"].GetMetric()[0].GetGauge().GetValue())
	require.Equal(t, -61.0, families["spillway_lane_account_gap_bytes"].GetMetric()[0].GetGauge().GetValue())
}
