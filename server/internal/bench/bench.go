package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spillway/server/internal/run"
	"spillway/server/internal/supervisor"
)

// Options say what is measured.
type Options struct {
	Works    []string // of Names; empty: all
	Peers    []string // of every work over sockets; empty: those of the work
	Runs     int      // of each work; 0: what the work has
	Profiles string   // folder for a processor profile of each peer's last run; empty: none
	Super    *supervisor.Supervisor
	Out      io.Writer // tables, as soon as a work is done
	Progress io.Writer // a line for each run
}

// Names are the works in their order.
func Names() []string {
	names := []string{strategies}
	for _, p := range socketPlans() {
		names = append(names, p.name)
	}
	return names
}

// place orders works as Names does.
func place(name string) int { return slices.Index(Names(), name) }

// Titles say for each work, in the order of Names, what it is.
func Titles() []string {
	titles := []string{strategiesTitle}
	for _, p := range socketPlans() {
		titles = append(titles, p.title)
	}
	return titles
}

// Check tells what is wrong with o before anything is started.
func (o Options) Check() error {
	for _, w := range o.Works {
		if place(w) < 0 {
			return fmt.Errorf("there is no work %q; there are %s", w, strings.Join(Names(), ", "))
		}
	}
	for _, name := range o.Peers {
		if _, err := findPeer(name); err != nil {
			return err
		}
	}
	if o.Runs < 0 {
		return fmt.Errorf("%d runs: want 1 or more", o.Runs)
	}
	return nil
}

// Run does the works. With an error it returns those that were done.
func Run(ctx context.Context, o Options) (Results, error) {
	r := Results{Machine: Here()}
	wanted := func(name string) bool { return len(o.Works) == 0 || slices.Contains(o.Works, name) }
	done := func(w Work, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		r.Works = append(r.Works, w)
		return w.WriteText(o.Out)
	}
	if wanted(strategies) {
		if err := done(o.measureStrategies(ctx)); err != nil {
			return r, err
		}
	}
	for _, p := range socketPlans() {
		if !wanted(p.name) {
			continue
		}
		if err := done(o.do(ctx, p)); err != nil {
			return r, err
		}
	}
	return r, nil
}

// do does one work over sockets. Peers take turns, and begin in another order in
// each run, so that a machine that becomes slower does not favour the first.
func (o Options) do(ctx context.Context, p plan) (Work, error) {
	w := Work{Name: p.name, Title: p.title, Baseline: p.baseline, Measures: p.measures}
	names, runs := p.peers, p.runs
	if len(o.Peers) > 0 {
		names = o.Peers
	}
	if !slices.Contains(names, w.Baseline) {
		w.Baseline = names[0]
	}
	if o.Runs > 0 {
		runs = o.Runs
	}
	var all []peer
	for _, name := range names {
		found, err := findPeer(name)
		if err != nil {
			return w, err
		}
		all = append(all, found)
		w.Peers = append(w.Peers, Peer{Name: found.name, Title: found.title, Runs: make(map[string][]float64)})
	}
	for n := range runs {
		for turn := range all {
			i := (n + turn) % len(all)
			fmt.Fprintf(o.Progress, "%s, run %d of %d: %s\n", p.name, n+1, runs, all[i].name)
			figures := make(map[string]float64)
			for k, part := range p.parts {
				report, err := o.load(ctx, all[i], part.load, fmt.Sprintf("%s-%d", p.name, k))
				if err != nil {
					return w, fmt.Errorf("%s: %w", all[i].name, err)
				}
				part.take(report, figures)
			}
			for name, v := range figures {
				w.Peers[i].Runs[name] = append(w.Peers[i].Runs[name], v)
			}
		}
	}
	return w, nil
}

// loadPatience is what a load may take beyond its own time: joining, the last
// messages, leaving.
const loadPatience = 90 * time.Second

// load puts one load on one peer: a broker, the peer and the load are started
// for it and end with it.
func (o Options) load(ctx context.Context, p peer, cfg LoadConfig, label string) (LoadReport, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.Warm+cfg.Measure+loadPatience)
	defer cancel()
	broker, err := o.Super.Start(ctx, supervisor.Spec{
		Name: "broker", Args: []string{"broker"},
		Config: run.BrokerChild{Listen: "127.0.0.1:0", MaxMemoryBytes: run.DefaultBrokerLimitBytes},
	})
	if err != nil {
		return LoadReport{}, err
	}
	defer stop(broker)
	var at run.BrokerReady
	if err := json.Unmarshal(broker.ReadyValue(), &at); err != nil {
		return LoadReport{}, fmt.Errorf("read the broker's address: %w", err)
	}
	c := contest{brokerURL: "redis://" + at.Addr, runID: "bench", own: cfg.Own, readers: cfg.Readers}
	serving, err := o.Super.Start(ctx, p.spec(c))
	if err != nil {
		return LoadReport{}, err
	}
	defer stop(serving)
	if cfg.Target, err = p.addr(serving.ReadyValue()); err != nil {
		return LoadReport{}, fmt.Errorf("read the address of %s: %w", p.name, err)
	}
	cfg.ServingPID, cfg.BrokerPID = serving.PID(), broker.PID()
	cfg.Broker, cfg.RunID, cfg.Stream, cfg.Profiles = at.Addr, c.runID, p.stream, p.profiles
	if o.Profiles != "" {
		cfg.ProfileFile = filepath.Join(o.Profiles, label+"-"+strings.NewReplacer("/", "-", "@", "-", "?", "-", "&", "-").Replace(p.name)+".prof")
	}
	reports := make(chan LoadReport, 1) // the one report
	load, err := o.Super.Start(ctx, supervisor.Spec{
		Name: "load", Args: []string{"bench", "load"}, Config: cfg,
		OnReport: func(line json.RawMessage) {
			var r LoadReport
			if err := json.Unmarshal(line, &r); err != nil {
				r.Error = "report not understood: " + err.Error()
			}
			reports <- r
		},
	})
	if err != nil {
		return LoadReport{}, err
	}
	defer stop(load)
	select {
	case r := <-reports:
		if r.Error != "" {
			return r, errors.New(r.Error)
		}
		return r, nil
	case <-load.Done():
		return LoadReport{}, fmt.Errorf("the load ended: %s", load.Exit())
	case <-serving.Done():
		return LoadReport{}, fmt.Errorf("%s ended: %s", p.name, serving.Exit())
	case <-ctx.Done():
		return LoadReport{}, ctx.Err()
	}
}

// stop ends a process; what does not leave is killed.
func stop(p *supervisor.Process) { _ = p.Stop(context.Background()) }
