// What a view shows stands in its address, so that the address is a view that can be kept and sent.

export function asked(name, usual) {
  return new URLSearchParams(location.search).get(name) ?? usual;
}

export function keep(name, value, usual) {
  const query = new URLSearchParams(location.search);
  if (value === usual || value === null || value === "") query.delete(name);
  else query.set(name, value);
  const text = query.toString();
  try {
    history.replaceState(null, "", location.pathname + (text ? `?${text}` : "") + location.hash);
  } catch {
    // a file on a disk has no address to change
  }
}
