/** Each third cart has a hotel that is sold out. */
export function cartOf(number: number): { cartId: string; card: string; total: number; flight: string; hotel: string } {
  return {
    cartId: `c-${number}`,
    card: 'tok',
    total: number,
    flight: `F-${number}`,
    hotel: number % 3 === 2 ? `sold out: ${number}` : `H-${number}`,
  };
}
