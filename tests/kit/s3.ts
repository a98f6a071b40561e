// A real S3 service that verifies signatures (versitygw over a folder), on a free port of this machine.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, ListMultipartUploadsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { programPath } from '../require.ts'
import { freePort } from './service.ts'

export const s3Credentials = { accessKeyId: 'AKIATESTOFBACKUPS', secretAccessKey: 'secret-of-the-s3-tests' } as const
export const bucket = 'ai-service-backups'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface S3Service {
  readonly port: number
  readonly url: string
  /** What it was given lies here, object by object. */
  readonly folder: string
  /** Uploads in parts that were begun and neither completed nor aborted. */
  unfinishedUploads(): Promise<number>
  /** Writes an object as somebody with the bucket's credentials could, over another too. */
  overwrite(key: string, body: Uint8Array): Promise<void>
  stop(): Promise<void>
}

/** Started with an empty bucket. */
export async function startS3(credentials: S3Credentials = s3Credentials): Promise<S3Service> {
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-s3-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(
    programPath('versitygw') ?? 'versitygw',
    ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', folder],
    {
      env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
      stdio: 'ignore',
    },
  )
  const client = new S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials })
  await createBucket(client, child)
  return {
    port,
    url,
    folder,
    async unfinishedUploads() {
      return (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads?.length ?? 0
    },
    async overwrite(key, body) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
    },
    async stop() {
      client.destroy()
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function createBucket(client: S3Client, child: ChildProcess): Promise<void> {
  for (const startedMs = Date.now(); ; ) {
    try {
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
      return
    } catch (error) {
      if (child.exitCode !== null || Date.now() - startedMs > 20_000) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
