package producer

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

func TestFixedHasExactlyItsSize(t *testing.T) {
	stream := newFixed().Stream(randomOf(1, "c"))
	for _, size := range []int{MinSizeBytes, 97, 1024, 4096, 16 << 10, MaxSizeBytes} {
		for _, seq := range []uint64{1, 99, 9_999_999_999_999_999_999} {
			h := wire.Header{Seq: seq, AtMicros: time.Now().UnixMicro(), Pos: seq - 1}
			data := stream.Append([]byte("before"), h, size)[len("before"):]
			require.Len(t, data, size)
			require.True(t, json.Valid(data), "%s", data)
			got, ok := wire.ScanHeader(data)
			require.True(t, ok)
			require.Equal(t, h, got)
		}
		require.Equal(t, 1.0, stream.Gap())
	}
}

// chunk is the part of a message that the llm workload adds to the head, as
// clients of LLM APIs know it.
type chunk struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	Model   string `json:"model"`
	Choices []struct {
		Delta struct {
			Role    string  `json:"role"`
			Content *string `json:"content"`
		} `json:"delta"`
		FinishReason *string `json:"finish_reason"`
	} `json:"choices"`
}

// answerOf reads one answer to its end.
func answerOf(t *testing.T, stream Stream) (chunks []chunk, gaps []float64, text string) {
	t.Helper()
	for seq := uint64(1); ; seq++ {
		gaps = append(gaps, stream.Gap())
		data := stream.Append(nil, wire.Header{Seq: seq, AtMicros: 1763822400123456}, 0)
		_, ok := wire.ScanHeader(data)
		require.True(t, ok)
		var c chunk
		require.NoError(t, json.Unmarshal(data, &c))
		require.Len(t, c.Choices, 1)
		chunks = append(chunks, c)
		if c.Choices[0].Delta.Content != nil {
			text += *c.Choices[0].Delta.Content
		}
		if c.Choices[0].FinishReason != nil {
			return chunks, gaps, text
		}
	}
}

func TestAnswersAreWhatAnAPIStreams(t *testing.T) {
	stream := newLLM(prose).Stream(randomOf(7, "slow-3"))
	whole := strings.Join(strings.Fields(prose+" "+prose), " ")
	var ids []string
	for answer := range 50 {
		chunks, gaps, text := answerOf(t, stream)
		last := len(chunks) - 1
		require.GreaterOrEqual(t, last, answerMin)
		for i, c := range chunks {
			require.Equal(t, chunks[0].ID, c.ID)
			require.Len(t, c.ID, len("chatcmpl-")+29)
			require.Equal(t, "chat.completion.chunk", c.Object)
			require.EqualValues(t, 1763822400, c.Created)
			require.Equal(t, i == 0, c.Choices[0].Delta.Role == "assistant")
			require.Equal(t, i == last, c.Choices[0].Delta.Content == nil)
		}
		require.Equal(t, "stop", *chunks[last].Choices[0].FinishReason)
		require.True(t, strings.HasSuffix(text, "."), text)
		require.Equal(t, strings.TrimSpace(text), text)
		require.Contains(t, whole, strings.Join(strings.Fields(text), " "))
		sum := 0.0
		for _, g := range gaps {
			require.Positive(t, g)
			sum += g
		}
		if answer > 0 { // the first begins in the middle of its pause
			require.InDelta(t, len(gaps), sum, 1e-6)
			require.Greater(t, gaps[0]+gaps[1], 5.0)
		}
		require.NotContains(t, ids, chunks[0].ID)
		ids = append(ids, chunks[0].ID)
	}
}

func TestSeedAndNameDecideTheAnswers(t *testing.T) {
	text := func(seed uint64, name string) string {
		_, gaps, text := answerOf(t, newLLM(prose).Stream(randomOf(seed, name)))
		line, err := json.Marshal(gaps)
		require.NoError(t, err)
		return text + string(line)
	}
	require.Equal(t, text(1, "a"), text(1, "a"))
	require.NotEqual(t, text(1, "a"), text(2, "a"))
	require.NotEqual(t, text(1, "a"), text(1, "b"))
}

func TestTokensAreTheTextAgain(t *testing.T) {
	var text string
	for _, token := range tokensOf(prose) {
		var s string
		require.NoError(t, json.Unmarshal([]byte(`"`+token.text+`"`), &s))
		text += s
	}
	require.Equal(t, strings.TrimSpace(prose)+"\n\n", text)
}
