// The upstream of the stream rows: our simulator, keeping no record of requests.
import { startSimulator } from 'ai-simulator'

await startSimulator({ port: Number(process.argv[2]), record: false })
