// The admin listener is closed unless it has a credential: then it is as if it were not there.
import { expect, test } from 'vitest'
import { mustLoad, problemsOf } from './load.test.kit.ts'

test('an admin listener that nobody asked for is not spoken of, and takes no port from another one', async () => {
  expect((await mustLoad('server: { port: 8081 }')).notes).toEqual([])
  const world = { env: { ADMIN_KEY: 'an-admin-credential' } }
  expect(await problemsOf('server: { port: 8081, admin: { credential: env:ADMIN_KEY } }', world)).toEqual([
    expect.stringContaining('server.admin.port: found 8081, which is server.port already'),
  ])
})
