// Fetches a URL with the jar of a file, which libsoup itself keeps up to date: a database if its name ends in .sqlite.
imports.gi.versions.Soup = "3.0";
const { Soup } = imports.gi;
const [filename, url] = ARGV;
const Jar = filename.endsWith(".sqlite") ? Soup.CookieJarDB : Soup.CookieJarText;
const session = new Soup.Session();
session.add_feature(new Jar({ filename }));
session.send_and_read(Soup.Message.new("GET", url), null);
