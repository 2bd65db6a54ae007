import { Table } from '@mantine/core'
import type { ReactNode } from 'react'

import classes from './data-table.module.css'

export interface DataColumn<Row> {
  /** Empty: it is only read aloud, as `label`. */
  head: string
  label?: string
  /** Figures stand one below the other. */
  number?: boolean
  cell: (row: Row) => ReactNode
}

export interface DataTableProps<Row> {
  /** What it shows, for whoever does not see it. */
  name: string
  rows: readonly Row[]
  keyOf: (row: Row) => string
  columns: readonly DataColumn<Row>[]
  /** Pixels; on a narrower screen it is moved sideways. */
  minWidth: number
}

export function DataTable<Row>({ name, rows, keyOf, columns, minWidth }: DataTableProps<Row>) {
  return (
    <Table.ScrollContainer
      minWidth={minWidth}
      className={classes.table}
      // Moved sideways by keyboard, too.
      type="native"
      tabIndex={0}
      role="region"
      aria-label={name}
    >
      <Table aria-label={name} verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ head, label, number }) => (
              <Table.Th key={label ?? head} aria-label={head === '' ? label : undefined} data-number={number}>
                {head}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={keyOf(row)}>
              {columns.map(({ head, label, number, cell }) => (
                <Table.Td key={label ?? head} data-number={number}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
