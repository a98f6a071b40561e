// Takes traces over OTLP/HTTP in JSON and refuses whatever the protocol does not allow; prints each span as a line of JSON.
//
// A usual receiver forgives: unknown fields are skipped, ids of any length stored, enums taken as names. This one decodes
// with the published protobuf definitions, unknown fields refused, after it has looked at what JSON alone says: ids in hex,
// 64-bit integers as strings, enums as numbers, names in lowerCamelCase. A refused request is one line {"refused": why}.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

const maxBody = 20 << 20

type receiver struct {
	lock sync.Mutex
	seen map[string]bool
	out  *json.Encoder
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("listening", listener.Addr())
	r := &receiver{seen: map[string]bool{}, out: json.NewEncoder(os.Stdout)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", r.traces)
	fmt.Fprintln(os.Stderr, http.Serve(listener, mux))
}

func (r *receiver) traces(w http.ResponseWriter, request *http.Request) {
	spans, err := read(request)
	r.lock.Lock()
	defer r.lock.Unlock()
	if err == nil {
		err = r.newIds(spans)
	}
	w.Header().Set("content-type", "application/json")
	if err != nil {
		_ = r.out.Encode(map[string]string{"refused": err.Error()})
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 3, "message": err.Error()})
		return
	}
	for _, span := range spans {
		_ = r.out.Encode(span)
	}
	_, _ = w.Write([]byte("{}"))
}

func read(request *http.Request) ([]span, error) {
	if got := request.Header.Get("content-type"); got != "application/json" {
		return nil, fmt.Errorf("content-type %q", got)
	}
	var body io.Reader = request.Body
	switch encoding := request.Header.Get("content-encoding"); encoding {
	case "":
	case "gzip":
		inflated, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = inflated
	default:
		return nil, fmt.Errorf("content-encoding %q", encoding)
	}
	bytes, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(bytes) > maxBody {
		return nil, fmt.Errorf("more than %d bytes", maxBody)
	}
	plain, err := checkedJson(bytes)
	if err != nil {
		return nil, err
	}
	// TracesData and ExportTraceServiceRequest are the same message by another name.
	var data tracepb.TracesData
	if err := (protojson.UnmarshalOptions{DiscardUnknown: false}).Unmarshal(plain, &data); err != nil {
		return nil, err
	}
	return checkedSpans(&data)
}

// An id may be used once, however often a request is sent again.
func (r *receiver) newIds(spans []span) error {
	for _, span := range spans {
		if id := span.TraceId + span.SpanId; r.seen[id] {
			return fmt.Errorf("span %s of trace %s came twice", span.SpanId, span.TraceId)
		}
	}
	for _, span := range spans {
		r.seen[span.TraceId+span.SpanId] = true
	}
	return nil
}
