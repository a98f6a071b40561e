// The strict OTLP receiver of the trace tests; on its own, so that it builds in seconds and not with everything of ../go.mod.
module ai-service/tools/otlp-receiver

go 1.26.0

require (
	go.opentelemetry.io/proto/otlp v1.11.1
	google.golang.org/protobuf v1.36.12
)
