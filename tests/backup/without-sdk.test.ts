// Amazon's client is an optional package: where it is not installed, the error names it, and nothing else needs it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const library = fileURLToPath(new URL('../../packages/ai-lib/dist/index.js', import.meta.url))

test('without @aws-sdk/client-s3 the library loads, and S3 says what to install', () => {
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith('@aws-sdk/')) throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' })
        return next(specifier, context)
      },
    })
    const { S3Storage } = await import(${JSON.stringify(library)})
    await new S3Storage('ai-service-backups').list('').catch((error) => console.log(error.code, error.message))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect({ stdout, stderr }).toEqual({
    stdout:
      'config_invalid The configuration is not usable. Backups to S3 need a package that is not installed: npm install @aws-sdk/client-s3\n',
    stderr: '',
  })
})
