export function DiffPage() {
  return null;
}
