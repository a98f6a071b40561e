// The ways in which a configured secret may stand in a text: raw, escaped, in base64 wherever it begins, in hex, in parts.

/** Shorter ones would blank ordinary words. */
const shortest = 8
/** Letters of a part that is a secret by itself: a line of a key file, say. */
const shortestPart = 32
const mostParts = 256

/** Without regard to case: whoever looks for them does the same. */
export function formsOf(value: string): readonly string[] {
  const whole = value.length < shortest ? [] : encodedForms(value)
  return [...new Set([...whole, ...partsOf(value), ...passwordForms(value), ...keyForms(value)])]
}

function encodedForms(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  const forms = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value.toWellFormed()),
    new URLSearchParams({ value }).toString().slice('value='.length),
    bytes.toString('hex'),
    // With its last letter and padding, which the parts below leave out.
    bytes.toString('base64'),
    bytes.toString('base64url'),
    ...base64Forms(bytes),
  ]
  return forms.filter((form) => form.length >= shortest)
}

// Inside longer base64 (`user:key` of Basic authentication) the letters depend on the offset modulo three. Those that
// hold bits of a neighbour are left out: what remains is the same whatever stands around.
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes])
    const from = Math.ceil((offset * 8) / 6)
    const to = Math.floor((shifted.length * 8) / 6)
    return [shifted.toString('base64').slice(from, to), shifted.toString('base64url').slice(from, to)]
  })
}

/** Of a secret of several lines each long one: an error message rarely repeats the whole file. */
function partsOf(value: string): readonly string[] {
  const parts = value.split(/[\s"\\]+/)
  return parts.length === 1 ? [] : parts.filter((part) => part.length >= shortestPart).slice(0, mostParts)
}

/** Bytes of a key that is written as base64 or hex, in the other of the two. */
function keyForms(value: string): readonly string[] {
  const text = value.trim()
  if (/^(?:[0-9a-f]{2}){16,}$/i.test(text)) return base64Forms(Buffer.from(text, 'hex'))
  const isBase64 = /^[\w+/-]{43}=?$/.test(text)
  return isBase64 ? [Buffer.from(text, 'base64').toString('hex'), ...base64Forms(Buffer.from(text, 'base64'))] : []
}

/** A URL with a password is a secret because of the password. */
function passwordForms(value: string): readonly string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? (URL.parse(value)?.password ?? '') : ''
  const plain = decoded(password)
  return [password, plain].flatMap((form) => (form.length < shortest ? [] : encodedForms(form)))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // No URL encoding: then it stands for itself.
  }
}
