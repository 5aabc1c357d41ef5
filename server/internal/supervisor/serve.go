package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"spillway/server/internal/child"
)

const (
	// drainGrace is how long the output of a dead process may still take: for
	// the case that a process it has started holds the pipe open.
	drainGrace = 500 * time.Millisecond

	// logRecordBytes is the longest log record decoded; longer ones are cut.
	logRecordBytes = 64 << 10
)

// pipes are our ends of a process's standard streams.
type pipes struct{ stdin, stdout, stderr *os.File }

// spawn starts the process and the goroutines at its pipes. The pipes are made
// here and not by os/exec, whose Wait would close them before they are read.
func (p *Process) spawn(on *spawner) (err error) {
	var opened []*os.File
	pipe := func() (r, w *os.File) {
		if err != nil {
			return nil, nil
		}
		if r, w, err = os.Pipe(); err == nil {
			opened = append(opened, r, w)
		}
		return r, w
	}
	stdin, ourStdin := pipe()
	ourStdout, stdout := pipe()
	ourStderr, stderr := pipe()
	if err != nil {
		closeAll(opened...)
		return fmt.Errorf("open pipes: %w", err)
	}

	path, args := p.spec.Path, p.spec.Args
	if p.spec.foreign() {
		path, args = guarded(path, args)
	}
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, stdout, stderr
	p.cmd.Env = environment(os.Environ(), p.spec.Env)
	p.cmd.SysProcAttr = processAttributes()
	p.pipes = pipes{ourStdin, ourStdout, ourStderr}
	if err := on.start(p.cmd); err != nil {
		closeAll(opened...)
		return err
	}
	closeAll(stdin, stdout, stderr) // the child's ends: EOF must mean that the child is gone
	p.startedAt = time.Now()

	p.serving.Go(p.writeStdin)
	p.serving.Go(p.patience)
	p.serving.Go(func() { p.readLog(p.pipes.stderr) })
	p.serving.Go(func() {
		if p.spec.foreign() {
			p.readLog(p.pipes.stdout)
		} else {
			p.readReports()
		}
	})
	return nil
}

// wait blocks until the process is dead and its output read, and sets exit.
func (p *Process) wait(s *sampler) {
	// The error repeats what ProcessState says: all streams are files, so there
	// is no copying that could fail.
	_ = p.cmd.Wait()
	at := time.Now()
	close(p.ended)
	s.remove(p)
	killGroup(p.PID())
	for _, f := range []*os.File{p.pipes.stdout, p.pipes.stderr} {
		if f.SetReadDeadline(at.Add(drainGrace)) != nil {
			// No deadlines on this OS's pipes: give up what the process's own
			// children hold back.
			defer time.AfterFunc(drainGrace, func() { f.Close() }).Stop()
		}
	}
	p.serving.Wait()
	closeAll(p.pipes.stdout, p.pipes.stderr)
	p.setExit(at)
	level := slog.LevelWarn
	switch p.exit.Reason {
	case ReasonStopped, ReasonKilled, ReasonFinished, ReasonLimit: // what a limit does is the story, not a trouble
		level = slog.LevelInfo
	}
	p.log.Log(context.Background(), level, "process has ended", "pid", p.PID(), "how", p.exit.String())
}

func (p *Process) setExit(at time.Time) {
	code, signal, own := status(p.cmd.ProcessState)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.last.At.IsZero() { // the OS's own account of the whole life
		p.last.CPU = max(p.last.CPU, p.cmd.ProcessState.UserTime()+p.cmd.ProcessState.SystemTime())
	}
	p.exit = Exit{
		Code: code, Signal: signal, At: at, Uptime: at.Sub(p.startedAt),
		Last: p.last, PeakBytes: p.peakBytes, LimitBytes: p.limitBytes.Load(),
		LogTail: p.tail.lines(),
	}
	switch {
	case (p.reason == ReasonLimit || p.reason == ReasonKilled) && killedByUs(signal):
		p.exit.Reason = p.reason
	case !p.isReady:
		p.exit.Reason = ReasonNeverReady
	case p.reason == ReasonStopped:
		p.exit.Reason = ReasonStopped
	case !own:
		p.exit.Reason = ReasonOutside
	case code != 0:
		p.exit.Reason = ReasonCrashed
	default:
		p.exit.Reason = ReasonFinished
	}
	if p.exit.Reason == ReasonLimit {
		p.exit.LimitBytes = p.overLimitBytes
		p.exit.OvershootBytes = p.last.RSSBytes - p.overLimitBytes
	}
}

// writeStdin moves commands into the pipe and closes it when the process is
// asked to leave. A foreign program's stays open: under a guard, EOF is a kill.
func (p *Process) writeStdin() {
	defer p.pipes.stdin.Close()
	stopping := p.stopping
	if p.spec.foreign() {
		stopping = nil
	}
	for {
		select {
		case line := <-p.send:
			if !p.write(line) {
				return
			}
		case <-stopping:
			for {
				select {
				case line := <-p.send:
					if !p.write(line) {
						return
					}
				default:
					return
				}
			}
		case <-p.ended:
			return
		}
	}
}

// write blocks while the pipe is full; the process's death ends that.
func (p *Process) write(line []byte) bool {
	if _, err := p.pipes.stdin.Write(line); err != nil {
		p.log.Debug("write to process", "err", err) // it has closed its stdin or is dead: Exit will say
		return false
	}
	return true
}

// patience kills the process if it does not leave in time once asked to.
func (p *Process) patience() {
	select {
	case <-p.ended:
		return
	case <-p.stopping:
	}
	if p.spec.foreign() {
		if err := askToLeave(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
			p.log.Error("ask process to leave", "err", err)
		}
	}
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		p.log.Warn("process does not leave: kill it", "pid", p.PID(), "grace", stopGrace)
		p.kill(ReasonStopped)
	}
}

// readReports reads stdout: the ready line, then reports.
func (p *Process) readReports() {
	lines := child.NewLineReader(p.pipes.stdout, child.MaxLineBytes)
	for waiting := true; ; {
		line, cut, err := lines.Next()
		if err != nil {
			return // EOF, or drainGrace is over
		}
		if len(line) == 0 {
			continue
		}
		valid := !cut && json.Valid(line)
		switch {
		case waiting && valid:
			p.mu.Lock()
			p.isReady = true
			p.mu.Unlock()
			p.ready <- readyLine{value: append(json.RawMessage(nil), line...)}
		case waiting:
			p.ready <- readyLine{err: fmt.Errorf("ready line is not JSON: %q", child.Cut(line, 120))}
		case !valid:
			if n := p.malformed.Add(1); child.LogWorthy(n) {
				p.log.Warn("skip malformed report", "count", n, "too_long", cut, "line", logText(line[:min(len(line), 120)], cut))
			}
		case p.spec.OnReport != nil:
			p.spec.OnReport(append(json.RawMessage(nil), line...))
		}
		waiting = false
	}
}

// readLog keeps and forwards what the process logs.
func (p *Process) readLog(from *os.File) {
	lines := child.NewLineReader(from, logRecordBytes)
	for {
		line, cut, err := lines.Next()
		if err != nil {
			return // EOF, or drainGrace is over
		}
		if len(line) == 0 {
			continue
		}
		record := parseLogLine(line, cut)
		p.tail.add(record.String())
		record.forward(context.Background(), p.log)
	}
}

// askReady asks a foreign program once.
func (p *Process) askReady(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, readyPollMax)
	defer cancel()
	if p.spec.Ready(ctx) != nil {
		return false
	}
	select {
	case <-p.ended: // somebody else answered
		return false
	default:
	}
	p.mu.Lock()
	p.isReady = true
	p.mu.Unlock()
	return true
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		_ = f.Close() // a pipe has nothing to flush
	}
}
