import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

/** The colour of what is held fast. */
const kelp: MantineColorsTuple = [
  '#e8f6f0',
  '#cdeadf',
  '#a2d7c2',
  '#74c4a4',
  '#4fb28b',
  '#349f77',
  '#1d8a64',
  '#0b7556',
  '#075d45',
  '#034534',
]

/** The colour of time that runs out. */
const ember: MantineColorsTuple = [
  '#fdf1e0',
  '#f8dfbd',
  '#f0c68b',
  '#e8ac58',
  '#dd9334',
  '#c97c1d',
  '#ad6713',
  '#8f520c',
  '#734109',
  '#573006',
]

/** Warm greys: paper by day, */
const gray: MantineColorsTuple = [
  '#faf9f5',
  '#f4f2ec',
  '#e9e6dd',
  '#dad6ca',
  '#c3beb0',
  '#9a9587',
  '#716d62',
  '#545148',
  '#383630',
  '#22211d',
]

/** deep water by night. */
const dark: MantineColorsTuple = [
  '#e4ebe8',
  '#b9c6c1',
  '#93a39d',
  '#6d7e78',
  '#2e3a37',
  '#26312e',
  '#1b2422',
  '#121918',
  '#0e1413',
  '#090d0c',
]

export const theme = createTheme({
  colors: { kelp, ember, gray, dark },
  primaryColor: 'kelp',
  primaryShade: 7,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Code', Menlo, Consolas, monospace",
  headings: {
    fontFamily: "'Iowan Old Style', 'Palatino Linotype', Palatino, Charter, 'Source Serif 4', Georgia, 'Noto Serif', serif",
    fontWeight: '600',
  },
  components: {
    // Its lock puts a style element into the page by a road that knows no nonce.
    Modal: {
      defaultProps: {
        lockScroll: false,
        centered: true,
        radius: 'lg',
        padding: 'lg',
        zIndex: 300,
        closeButtonProps: { 'aria-label': 'Close' },
      },
      styles: { title: { fontFamily: 'var(--mantine-font-family-headings)', fontSize: '1.25rem', fontWeight: 600 } },
    },
    Button: { defaultProps: { radius: 'xl' } },
    Alert: { defaultProps: { radius: 'lg' } },
    Tooltip: { defaultProps: { withArrow: true } },
  },
})

/** What the theme's tuples can't say. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f4f2ec',
    '--mantine-color-text': '#1b211f',
    '--mantine-color-dimmed': '#5f5c52',
    '--mantine-color-error': '#a8321f',
    '--mantine-color-anchor': '#0b7556',
    '--hf-surface': '#fffefb',
    '--hf-line': '#e2ded2',
    '--hf-ember': '#8f520c',
    '--hf-accent': '#075d45',
  },
  dark: {
    '--mantine-color-body': '#0e1413',
    '--mantine-color-text': '#e4ebe8',
    '--mantine-color-dimmed': '#9fb0a9',
    '--mantine-color-error': '#ff9d8a',
    '--mantine-color-anchor': '#74c4a4',
    '--hf-surface': '#151d1b',
    '--hf-line': '#2a3532',
    '--hf-ember': '#e8ac58',
    '--hf-accent': '#74c4a4',
  },
})
