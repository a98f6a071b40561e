package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// What OTLP's JSON adds to protobuf's own mapping: ids are hex (protobuf's would be base64), enums are numbers only.
var idBytes = map[string]int{"traceId": 16, "spanId": 8, "parentSpanId": 8}
var enums = map[string]bool{"kind": true, "code": true}
var longs = map[string]bool{"startTimeUnixNano": true, "endTimeUnixNano": true, "timeUnixNano": true, "intValue": true}

// The body as protobuf's JSON mapping wants it, once it is what OTLP's says.
func checkedJson(body []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, fmt.Errorf("something follows the request")
	}
	if err := checkObject(tree); err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}

func checkObject(object map[string]any) error {
	for name, value := range object {
		if strings.Contains(name, "_") {
			return fmt.Errorf("field %q is not in lowerCamelCase", name)
		}
		checked, err := checkField(name, value)
		if err != nil {
			return err
		}
		object[name] = checked
	}
	return nil
}

func checkField(name string, value any) (any, error) {
	if length, isId := idBytes[name]; isId {
		return idOf(name, value, length)
	}
	if enums[name] {
		if _, isNumber := value.(json.Number); !isNumber {
			return nil, fmt.Errorf("%s is %v, which is no number", name, value)
		}
	}
	if longs[name] {
		if _, isText := value.(string); !isText {
			return nil, fmt.Errorf("%s is %v, which is no string of digits", name, value)
		}
	}
	switch inner := value.(type) {
	case map[string]any:
		return inner, checkObject(inner)
	case []any:
		for _, item := range inner {
			if object, isObject := item.(map[string]any); isObject {
				if err := checkObject(object); err != nil {
					return nil, err
				}
			}
		}
	}
	return value, nil
}

func idOf(name string, value any, length int) (any, error) {
	text, isText := value.(string)
	if !isText {
		return nil, fmt.Errorf("%s is no string", name)
	}
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != length {
		return nil, fmt.Errorf("%s %q is not %d bytes in hex", name, text, length)
	}
	return base64.StdEncoding.EncodeToString(id), nil
}
