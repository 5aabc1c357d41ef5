package record

import (
	"fmt"

	"spillway/server/internal/play"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// HeaderOf is the header for the run of a View. command reproduces the run.
func HeaderOf(v run.View, command string, e Environment) Header {
	h := Header{
		RunID:       v.RunID,
		StartedAt:   v.StartedAt.UTC(),
		Command:     command,
		Scenario:    v.Scenario.Name,
		Title:       v.Scenario.Title,
		Text:        string(v.Scenario.Text),
		Environment: e,
	}
	if len(v.Scenario.Files) > 0 {
		h.Files = make(map[string]string, len(v.Scenario.Files))
	}
	for name, text := range v.Scenario.Files {
		h.Files[name] = string(text)
	}
	return h
}

// EndingOf says how a run ended whose last View is v. It cannot tell that a run
// failed.
func EndingOf(v run.View) (Ending, string) {
	for _, c := range v.Checks {
		if c.Aborts {
			return Aborted, fmt.Sprintf("%s %s does not hold: %s", c.Name, c.Rule, c.Seen)
		}
	}
	switch {
	case v.Script.State == play.Done:
		return Completed, ""
	case v.State == wire.StateRest:
		return Stopped, "nobody watched any more"
	}
	return Stopped, ""
}
