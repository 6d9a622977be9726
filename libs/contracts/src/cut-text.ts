/**
 * The beginning of a text. Half a character at its end would make it ill-formed: nobody would take in the message that
 * it stands in.
 *
 * @param lengthMax UTF-16 units, as `maxLength` counts them
 * @example cutText('later', 4) // 'late'
 */
export function cutText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const cut = text.slice(0, lengthMax);
  const last = cut.charCodeAt(cut.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut;
}
