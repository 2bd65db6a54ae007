/** What is known of currencies; apart, since the command line reads it at each start and nothing else of this package. */

/** ISO 4217's, where they are not two; funds and metals are no prices. */
const otherPlaces: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

const placesByCurrency = new Map(
  Object.entries(otherPlaces).flatMap(([places, currencies]) =>
    currencies.split(' ').map((currency): [string, number] => [currency, Number(places)]),
  ),
)

/** Of an amount in this currency: 2 for dollars, 0 for yen. */
export const decimalPlaces = (currency: string): number => placesByCurrency.get(currency) ?? 2
