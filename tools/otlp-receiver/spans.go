package main

import (
	"encoding/hex"
	"fmt"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// A span as the tests read it.
type span struct {
	TraceId    string         `json:"traceId"`
	SpanId     string         `json:"spanId"`
	ParentId   string         `json:"parentId,omitempty"`
	State      string         `json:"traceState,omitempty"`
	Flags      uint32         `json:"flags"`
	Name       string         `json:"name"`
	Kind       string         `json:"kind"`
	StartNano  uint64         `json:"startNano,string"`
	EndNano    uint64         `json:"endNano,string"`
	Status     string         `json:"status"`
	Message    string         `json:"message,omitempty"`
	Attributes map[string]any `json:"attributes"`
	Resource   map[string]any `json:"resource"`
	Scope      string         `json:"scope"`
	SchemaUrl  string         `json:"schemaUrl"`
}

const hasIsRemote, isRemote = 0x100, 0x200

func checkedSpans(data *tracepb.TracesData) ([]span, error) {
	var all []span
	for _, resourceSpans := range data.ResourceSpans {
		resource, err := attributesOf(resourceSpans.GetResource().GetAttributes())
		if err != nil {
			return nil, fmt.Errorf("resource: %w", err)
		}
		for _, name := range []string{"service.name", "service.version", "service.instance.id", "telemetry.sdk.language"} {
			if text, _ := resource[name].(string); text == "" {
				return nil, fmt.Errorf("the resource has no %s", name)
			}
		}
		for _, scopeSpans := range resourceSpans.ScopeSpans {
			if scopeSpans.GetScope().GetName() == "" || scopeSpans.GetScope().GetVersion() == "" {
				return nil, fmt.Errorf("the scope has no name or no version")
			}
			for _, given := range scopeSpans.Spans {
				read, err := checkedSpan(given)
				if err != nil {
					return nil, fmt.Errorf("span %q: %w", given.Name, err)
				}
				read.Resource, read.Scope, read.SchemaUrl = resource, scopeSpans.Scope.Name, scopeSpans.SchemaUrl
				all = append(all, read)
			}
		}
	}
	return all, checkParents(all)
}

func checkedSpan(given *tracepb.Span) (span, error) {
	attributes, err := attributesOf(given.Attributes)
	if err != nil {
		return span{}, err
	}
	for _, event := range given.Events {
		if event.Name == "" || event.TimeUnixNano < given.StartTimeUnixNano || event.TimeUnixNano > given.EndTimeUnixNano {
			return span{}, fmt.Errorf("event %q is outside of its span", event.Name)
		}
	}
	status := given.GetStatus()
	now := time.Now()
	switch {
	case isZero(given.TraceId) || isZero(given.SpanId):
		return span{}, fmt.Errorf("an id of zeros")
	case len(given.ParentSpanId) > 0 && isZero(given.ParentSpanId):
		return span{}, fmt.Errorf("a parent of zeros")
	case given.Name == "":
		return span{}, fmt.Errorf("no name")
	case given.Kind < tracepb.Span_SPAN_KIND_INTERNAL || given.Kind > tracepb.Span_SPAN_KIND_CONSUMER:
		return span{}, fmt.Errorf("kind %d", given.Kind)
	case given.StartTimeUnixNano > given.EndTimeUnixNano:
		return span{}, fmt.Errorf("it ends %d ns before it starts", given.StartTimeUnixNano-given.EndTimeUnixNano)
	case given.EndTimeUnixNano > uint64(now.Add(time.Second).UnixNano()):
		return span{}, fmt.Errorf("it ends in the future")
	case given.StartTimeUnixNano < uint64(now.Add(-time.Hour).UnixNano()):
		return span{}, fmt.Errorf("it starts more than an hour ago")
	case status.GetCode() < 0 || status.GetCode() > 2:
		return span{}, fmt.Errorf("status %d", status.GetCode())
	case status.GetMessage() != "" && status.GetCode() != tracepb.Status_STATUS_CODE_ERROR:
		return span{}, fmt.Errorf("a message of what is no error")
	case given.Flags&^uint32(0x3ff) != 0:
		return span{}, fmt.Errorf("reserved bits in flags %x", given.Flags)
	case given.Flags&isRemote != 0 && (given.Flags&hasIsRemote == 0 || len(given.ParentSpanId) == 0):
		return span{}, fmt.Errorf("flags %x speak of a parent elsewhere, and there is none", given.Flags)
	case given.Flags&1 == 0:
		return span{}, fmt.Errorf("a span that was not sampled")
	}
	return span{
		TraceId: hex.EncodeToString(given.TraceId), SpanId: hex.EncodeToString(given.SpanId),
		ParentId: hex.EncodeToString(given.ParentSpanId), State: given.TraceState, Flags: given.Flags,
		Name: given.Name, Kind: given.Kind.String(), StartNano: given.StartTimeUnixNano, EndNano: given.EndTimeUnixNano,
		Status: status.GetCode().String(), Message: status.GetMessage(), Attributes: attributes,
	}, nil
}

// A parent is elsewhere and said to be, or it is in the same request and lasts as long as its children.
func checkParents(all []span) error {
	known := map[string]span{}
	for _, one := range all {
		if _, doubled := known[one.TraceId+one.SpanId]; doubled {
			return fmt.Errorf("two spans with the id %s", one.SpanId)
		}
		known[one.TraceId+one.SpanId] = one
	}
	for _, child := range all {
		if child.ParentId == "" || child.Flags&isRemote != 0 {
			continue
		}
		parent, isHere := known[child.TraceId+child.ParentId]
		if !isHere {
			return fmt.Errorf("span %q has a parent that never came", child.Name)
		}
		if child.StartNano < parent.StartNano || child.EndNano > parent.EndNano {
			return fmt.Errorf("span %q lasts longer than its parent %q", child.Name, parent.Name)
		}
	}
	return nil
}

func attributesOf(given []*commonpb.KeyValue) (map[string]any, error) {
	read := map[string]any{}
	for _, attribute := range given {
		if _, doubled := read[attribute.Key]; doubled || attribute.Key == "" {
			return nil, fmt.Errorf("attribute %q has no name or comes twice", attribute.Key)
		}
		value, err := valueOf(attribute.Value)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", attribute.Key, err)
		}
		read[attribute.Key] = value
	}
	return read, nil
}

// Attributes are primitives or lists of one kind of primitive.
func valueOf(value *commonpb.AnyValue) (any, error) {
	switch inner := value.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return inner.StringValue, nil
	case *commonpb.AnyValue_BoolValue:
		return inner.BoolValue, nil
	case *commonpb.AnyValue_IntValue:
		return inner.IntValue, nil
	case *commonpb.AnyValue_DoubleValue:
		return inner.DoubleValue, nil
	case *commonpb.AnyValue_ArrayValue:
		var items []any
		for _, item := range inner.ArrayValue.Values {
			if _, isText := item.GetValue().(*commonpb.AnyValue_StringValue); !isText {
				return nil, fmt.Errorf("a list of something else than texts")
			}
			items = append(items, item.GetStringValue())
		}
		return items, nil
	default:
		return nil, fmt.Errorf("no value, or one that no attribute has")
	}
}

func isZero(id []byte) bool {
	for _, part := range id {
		if part != 0 {
			return false
		}
	}
	return true
}
