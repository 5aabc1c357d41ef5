package producer

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"spillway/wasm/wire"
)

var llmDefinition = Definition{
	Name:  "llm",
	Title: "Answers of a language model",
	Explain: "Each channel carries one answer after the other, token by token, in the JSON chunks that LLM APIs stream: " +
		"with a delay before the first token, uneven gaps, bursts, and a pause before the next answer.",
	New: func() Workload { return newLLM(prose) },
}

// The rhythm of an answer, in turns. The numbers are relative to each other: at
// last every answer is stretched so that its gaps add up to its chunks, which
// makes the mean rate of a channel exact with every answer.
const (
	pauseBefore   = 40.0 // before an answer: somebody reads the last one and asks again
	firstToken    = 15.0 // between the role chunk and the first token: the prompt is read
	sentencePause = 3.0  // added after the end of a sentence
	burstGap      = 0.05 // between tokens that leave together
	burstChance   = 0.04 // that a burst begins at a token
	burstMin      = 3    // tokens of a burst
	burstMax      = 8
	gapSigma      = 0.5 // spread of the logarithm of a gap
)

// Tokens of an answer; it goes on from there to the end of its sentence.
const (
	answerMin = 40
	answerMax = 240
)

const modelName = "spillway-1"

// llm streams answers cut from a text.
type llm struct {
	tokens []token
	starts []int // of sentences
}

func newLLM(text string) *llm {
	w := &llm{tokens: tokensOf(text)}
	begins := true
	for i, t := range w.tokens {
		if begins && t.text != paragraphBreak {
			w.starts, begins = append(w.starts, i), false
		}
		begins = begins || t.sentenceEnd
	}
	return w
}

func (w *llm) Stream(random *rand.Rand) Stream {
	s := &llmStream{workload: w, random: random}
	s.begin()
	// A run begins in the middle of the first pause: not everybody asks at once.
	s.gaps[0] *= random.Float64()
	return s
}

// llmStream is the answers of one channel.
type llmStream struct {
	workload *llm
	random   *rand.Rand

	id      [29]byte  // of the answer
	created int64     // Unix seconds of its first chunk
	first   int       // its first token
	gaps    []float64 // before each of its chunks: the role, the tokens, the stop
	next    int       // chunk that comes next
}

// begin plans an answer: which tokens, and when.
func (s *llmStream) begin() {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for i := range s.id {
		s.id[i] = letters[s.random.IntN(len(letters))]
	}
	w := s.workload
	s.first = w.starts[s.random.IntN(len(w.starts))]
	s.next = 0
	s.gaps = append(s.gaps[:0], s.gap(pauseBefore), s.gap(firstToken))
	least, burst := answerMin+s.random.IntN(answerMax-answerMin), 0
	for n := 1; ; n++ {
		ended := w.token(s.first + n - 1).sentenceEnd
		if ended && n >= least {
			break
		}
		gap := s.gap(1)
		switch {
		case burst > 0:
			gap, burst = burstGap, burst-1
		case s.random.Float64() < burstChance:
			burst = burstMin + s.random.IntN(burstMax-burstMin+1)
		}
		if ended {
			gap += sentencePause
		}
		s.gaps = append(s.gaps, gap)
	}
	s.gaps = append(s.gaps, burstGap) // the stop comes with the last token
	stretch(s.gaps)
}

// gap draws from a log-normal distribution with this mean: network and compute
// delays have a long tail to one side.
func (s *llmStream) gap(mean float64) float64 {
	return mean * math.Exp(gapSigma*s.random.NormFloat64()-gapSigma*gapSigma/2)
}

// stretch scales the gaps to a mean of 1.
func stretch(gaps []float64) {
	sum := 0.0
	for _, g := range gaps {
		sum += g
	}
	for i := range gaps {
		gaps[i] *= float64(len(gaps)) / sum
	}
}

// token is the token at i in the text without an end.
func (w *llm) token(i int) token { return w.tokens[i%len(w.tokens)] }

// Gap is the pause before the next chunk; behind the last one it plans the next
// answer.
func (s *llmStream) Gap() float64 {
	if s.next == len(s.gaps) {
		s.begin()
	}
	return s.gaps[s.next]
}

// Append makes the next chunk. Its size is what the token makes it.
func (s *llmStream) Append(dst []byte, h wire.Header, _ int) []byte {
	if s.next == 0 {
		s.created = h.AtMicros / 1e6
	}
	dst = wire.AppendHeader(dst, h)
	dst = append(dst, `"id":"chatcmpl-`...)
	dst = append(dst, s.id[:]...)
	dst = append(dst, `","object":"chat.completion.chunk","created":`...)
	dst = strconv.AppendInt(dst, s.created, 10)
	dst = append(dst, `,"model":"`+modelName+`","choices":[{"index":0,"delta":{`...)
	finish := `null`
	switch s.next {
	case 0:
		dst = append(dst, `"role":"assistant","content":""`...)
	case len(s.gaps) - 1:
		finish = `"stop"`
	default:
		dst = append(dst, `"content":"`...)
		text := s.workload.token(s.first + s.next - 1).text
		if s.next == 1 {
			text = strings.TrimPrefix(text, " ")
		}
		dst = append(dst, text...)
		dst = append(dst, '"')
	}
	dst = append(dst, `},"finish_reason":`...)
	dst = append(dst, finish...)
	s.next++
	return append(dst, `}]}`...)
}
