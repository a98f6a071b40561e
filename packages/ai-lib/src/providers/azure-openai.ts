// Azure OpenAI through its v1 API, whose address is the resource of the operator.
import type { ProviderSpec } from './provider.ts'

// The base URL is `https://<resource>.openai.azure.com/openai/v1`, path included. Model names are those of the
// operator's deployments, so there is no default.
export const azureOpenai: ProviderSpec = {
  name: 'azure-openai',
  label: 'Azure OpenAI',
  keyVariables: ['AZURE_OPENAI_API_KEY'],
  baseUrlVariables: ['AZURE_OPENAI_BASE_URL', 'AZURE_OPENAI_ENDPOINT'],
  auth: { header: 'api-key', prefix: '' },
  isKeyRequired: true,
  speaks: [
    { dialect: 'openai-chat', operations: ['chat', 'embeddings'] },
    { dialect: 'openai-responses', operations: ['responses'] },
  ],
  quirks: {},
  catalogueName: 'azure',
  source: 'https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle',
  asOf: '2026-11-23',
}
