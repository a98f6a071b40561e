// What `/openapi.json` says is valid OpenAPI 3.1, and says no more and no less than what is served.
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { openApiBytes, openApiDocument } from './openapi.ts'
import { routes } from './routes.ts'

const document = openApiDocument('1.2.3')
const text = JSON.stringify(document)

function validated(value: unknown): ReturnType<Validator['validate']> {
  return new Validator().validate(JSON.parse(JSON.stringify(value)))
}

function pathsOf(value: unknown): readonly string[] {
  const { paths }: { paths: Record<string, object> } = JSON.parse(JSON.stringify(value))
  return Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`))
}

describe('the description of the API', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(await validated(document)).toEqual({ valid: true })
  })

  it('the validator finds what is wrong', async () => {
    const broken = { ...document, paths: { 'no-slash': { get: { responses: {} } } } }
    expect(await validated(broken)).toMatchObject({ valid: false })
  })

  it('has every route of the table by its method, and no other', () => {
    const served = routes.map(({ method, path }) => `${method.toLowerCase()} ${path}`)
    expect(pathsOf(document).toSorted()).toEqual(served.toSorted())
  })

  it('refers to nothing that it has not, and has nothing that it does not refer to', () => {
    const referred = new Set(
      [...text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)].map(([, kind, name]) => `${kind}/${name}`),
    )
    const { components }: { components: Record<string, Record<string, unknown>> } = JSON.parse(text)
    const has = Object.entries(components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, named]) => Object.keys(named).map((name) => `${kind}/${name}`))
    expect([...referred].toSorted()).toEqual(has.toSorted())
  })

  it('names each operation once', () => {
    const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(routes.length)
  })

  it('has no link that leads nowhere from here', () => {
    expect(text).not.toMatch(/\]\(/)
  })

  it('is written as bytes that parse', () => {
    expect(JSON.parse(Buffer.from(openApiBytes('1.2.3')).toString())).toEqual(JSON.parse(text))
  })
})
