package source

import "sync/atomic"

// Health is what the readers of a lane know together about the broker. The zero
// value says that all is well.
type Health struct {
	trouble atomic.Pointer[string]
}

// Fail notes why the broker did not answer.
func (h *Health) Fail(err error) {
	words := err.Error()
	h.trouble.Store(&words)
}

// OK notes that it did.
func (h *Health) OK() {
	if h.trouble.Load() != nil {
		h.trouble.Store(nil)
	}
}

// Trouble is the newest failure in words, empty while the broker answers.
func (h *Health) Trouble() string {
	if p := h.trouble.Load(); p != nil {
		return *p
	}
	return ""
}
