/** Line icons of one hand: 24 by 24, a stroke of 1.8. */
import type { ReactNode, SVGProps } from 'react'

function icon(name: string, drawing: ReactNode) {
  const Icon = ({ size = 20, ...props }: SVGProps<SVGSVGElement> & { size?: number }) => (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      {...props}
    >
      {drawing}
    </svg>
  )
  Icon.displayName = name
  return Icon
}

export const ShelfIcon = icon(
  'ShelfIcon',
  <path d="M4 4v16M20 4v16M4 10h16M4 18h16M7.500 10V6.500h4V10M13.500 18v-4.500h3.500V18" />,
)
export const ClockIcon = icon(
  'ClockIcon',
  <>
    <circle cx="12" cy="12" r="8.500" />
    <path d="M12 7.500V12l3 2" />
  </>,
)
export const ReceiptIcon = icon('ReceiptIcon', <path d="M6 3.500h12v17l-3-2-3 2-3-2-3 2zM9.500 8.500h5M9.500 12.500h5" />)
export const GaugeIcon = icon('GaugeIcon', <path d="M4.500 18a8.500 8.500 0 1 1 15 0M12 14l4-5" />)
export const SunIcon = icon(
  'SunIcon',
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100" />
  </>,
)
export const MoonIcon = icon('MoonIcon', <path d="M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z" />)
export const UserIcon = icon(
  'UserIcon',
  <>
    <circle cx="12" cy="8.500" r="3.700" />
    <path d="M5 20c.8-3.800 3.500-5.500 7-5.500s6.200 1.700 7 5.500" />
  </>,
)
export const MinusIcon = icon('MinusIcon', <path d="M6 12h12" />)
export const PlusIcon = icon('PlusIcon', <path d="M6 12h12M12 6v12" />)
export const CopyIcon = icon('CopyIcon', <path d="M9 9h10.500v11H9zM15 9V4H4.500v11H9" />)
export const CheckIcon = icon('CheckIcon', <path d="M5 12.500l4.500 4.500L19 7.500" />)
export const AlertIcon = icon('AlertIcon', <path d="M12 4.500l8.500 15h-17zM12 10v4.500M12 17v.1" />)
export const PlugIcon = icon(
  'PlugIcon',
  <path d="M8.500 3.500v4M15.500 3.500v4M6.500 7.500h11V11a5.500 5.500 0 0 1-11 0zM12 16.500v4" />,
)
export const ArrowIcon = icon('ArrowIcon', <path d="M19 12H5M11 6l-6 6 6 6" />)
export const BoltIcon = icon('BoltIcon', <path d="M13 3.500L5.500 13.500H11L10 20.500l8-10.500h-5.500z" />)
export const CardIcon = icon('CardIcon', <path d="M3.500 6h17v12.500h-17zM3.500 10h17M7 14.500h3" />)
export const BellIcon = icon(
  'BellIcon',
  <path d="M6 16.500c1-1.200 1.500-3 1.500-6a4.500 4.500 0 0 1 9 0c0 3 .5 4.800 1.500 6zM10.500 19.500h3" />,
)
export const SearchIcon = icon(
  'SearchIcon',
  <>
    <circle cx="10.500" cy="10.500" r="6" />
    <path d="M15 15l5 5" />
  </>,
)
export const BasketIcon = icon(
  'BasketIcon',
  <path d="M4 10h16l-1.800 9.500H5.800zM8.500 10l2.500-6M15.500 10L13 4M10 13.500v2.500M14 13.500v2.500" />,
)
