/** `date` as a `metav1.MicroTime`: ISO 8601 with six fraction digits. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
