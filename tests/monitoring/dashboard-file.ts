// The dashboard as data: its panels, and every query that Grafana would send, with variables filled in.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../docs/pages.ts'

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

export interface Dashboard {
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { readonly expr: string }[] }
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly definition?: string; readonly allValue?: string }[]
  }
}

export const dashboardText = readFileSync(join(root, 'deploy', 'grafana', 'dashboards', 'ai-service.json'), 'utf8')
// A test holds the text to what the script writes.
export const dashboard = JSON.parse(dashboardText) as Dashboard

export interface Query {
  /** `Title A` */
  readonly title: string
  readonly expr: string
}

export const queries: readonly Query[] = dashboard.panels.flatMap(({ id, title, targets = [] }) =>
  targets.map(({ expr }, index) => ({ title: `${id} ${title} ${String.fromCodePoint(65 + index)}`, expr })),
)

/** As Grafana fills variables in; what is not named is All. */
export function filledIn(expr: string, values: Readonly<Record<string, string>> = {}): string {
  return expr.replaceAll(/\$([a-z_]\w*)/g, (_whole, name: string) => values[name] ?? '.*')
}
