// Paths of losses as labels: a closed set of words, without indices, however inventive a client's fields are.

/** Field names of the dialects. A path with any other word in it is `other`: clients can write what they like. */
const words: ReadonlySet<string> = new Set(
  `annotations arguments audio budget_tokens cache_control caller citations container content context_management data
  description detail disable_parallel_tool_use effort enabled encrypted_content file file_id filename format function
  function_call functions id image_url include_usage input input_audio input_schema input_tokens instructions is_error
  iterations json_schema logit_bias logprobs max_completion_tokens max_output_tokens max_tokens mcp_servers media_type
  messages metadata modalities model n name output output_config output_tokens parallel_tool_calls parameters parts
  prediction presence_penalty frequency_penalty prompt_cache_key prompt_cache_retention reasoning reasoning_content
  reasoning_details reasoning_effort redacted_thinking refusal response_format role safety_identifier schema seed
  server_tool_use service_tier signature source speed stop stop_details stop_reason stop_sequence stop_sequences store
  stream stream_options strict system temperature text thinking title tool_call_id tool_calls tool_choice tool_result
  tool_use tool_use_id tools top_k top_logprobs top_p ttl type url usage user user_id verbosity web_search_options`.split(
    /\s+/,
  ),
)
const longest = 256
const deepest = 6

/** `messages.2.content.0.cache_control` is `messages.content.cache_control`. */
export function lossLabel(path: string): string {
  if (path.length > longest) return 'other'
  const named = path.split('.').filter((segment) => !/^\d+$/.test(segment))
  const isKnown = named.length > 0 && named.length <= deepest && named.every((segment) => words.has(segment))
  return isKnown ? named.join('.') : 'other'
}
