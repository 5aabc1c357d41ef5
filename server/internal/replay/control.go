package replay

import (
	"errors"

	"spillway/scenarios/script"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// ErrReplay answers whoever wants to change what has already happened.
var ErrReplay = errors.New("this is a recording; nothing can be changed")

// What follows is what a run takes and a recording does not.

// Patch returns [ErrReplay].
func (p *Player) Patch(run.Patch) error { return ErrReplay }

// Play returns [ErrReplay].
func (p *Player) Play(script.Scenario, bool) error { return ErrReplay }

// PlaySteps returns [ErrReplay].
func (p *Player) PlaySteps() error { return ErrReplay }

// Continue returns [ErrReplay].
func (p *Player) Continue() error { return ErrReplay }

// StopSteps returns [ErrReplay].
func (p *Player) StopSteps() error { return ErrReplay }

// RestartLane returns [ErrReplay].
func (p *Player) RestartLane(string) error { return ErrReplay }

// Reader returns [ErrReplay]: there is no lane to read from.
func (p *Player) Reader(uint64, wire.Reader) error { return ErrReplay }

// ReaderGone does nothing.
func (p *Player) ReaderGone(uint64) {}

// Wake does nothing: a recording does not rest.
func (p *Player) Wake() {}

// Join counts nobody: a recording plays on without viewers.
func (p *Player) Join() (leave func()) { return func() {} }
