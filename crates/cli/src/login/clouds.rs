// SPDX-License-Identifier: Apache-2.0
//! `clouds.yaml` and its companions `secure.yaml` and `clouds-public.yaml`, found and read as openstacksdk does it.

use super::Surroundings;
use crate::error::Error;
use crate::near;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The clouds that a file describes.
#[derive(Debug, Default)]
pub(super) struct Clouds {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    clouds: Map<String, Value>,
    profiles: Map<String, Value>,
}

impl Clouds {
    /// Reads the first `clouds.yaml` there is, and what belongs to it.
    pub fn read(around: &Surroundings) -> Result<Self, Error> {
        let Some((path, mut document)) = first(around, "clouds", "OS_CLIENT_CONFIG_FILE")? else { return Ok(Self::default()) };
        if let Some((_, secrets)) = first(around, "secure", "OS_CLIENT_SECURE_FILE")? {
            merge(&mut document, secrets);
        }
        let public = first(around, "clouds-public", "OS_CLIENT_VENDOR_FILE")?;
        let profiles = public.map(|(path, document)| mapping(document, "public-clouds", &path)).transpose()?.unwrap_or_default();
        let clouds = mapping(document, "clouds", &path)?;
        Ok(Self { path: Some(path), clouds, profiles })
    }

    /// The clouds' names.
    pub fn names(&self) -> Vec<&str> {
        self.clouds.keys().map(String::as_str).collect()
    }

    /// What is said about a cloud, its profile first; keys have underscores. The region's own settings are laid over it.
    pub fn cloud(&self, name: &str, region: Option<&str>, around: &Surroundings) -> Result<Map<String, Value>, Error> {
        let Some(Value::Object(own)) = self.clouds.get(name) else { return Err(self.unknown(name, around)) };
        let own = underscored(own.clone());
        let profile = own.get("profile").or_else(|| own.get("cloud")).and_then(Value::as_str);
        let mut cloud = match profile.map(|profile| (profile, self.profiles.get(profile))) {
            Some((_, Some(Value::Object(profile)))) => underscored(profile.clone()),
            Some((profile, _)) if own.get("auth").and_then(|auth| auth.get("auth_url")).is_none() => {
                let message = format!("the profile {profile:?} of {} is in no clouds-public.yaml", self.named(name));
                return Err(Error::Usage { message, hint: Some("say auth_url under its `auth:` instead".to_owned()) });
            }
            _ => Map::new(),
        };
        let mut laid = Value::Object(std::mem::take(&mut cloud));
        merge(&mut laid, Value::Object(own));
        let Value::Object(mut cloud) = laid else { return Ok(cloud) };
        self.choose_region(name, region, &mut cloud)?;
        Ok(cloud)
    }

    /// How messages call a cloud.
    pub fn named(&self, name: &str) -> String {
        let path = self.path.as_deref().unwrap_or(Path::new("clouds.yaml"));
        format!("cloud {name} of {}", path.display())
    }

    /// Without a wish it is the first one that the cloud lists.
    fn choose_region(&self, name: &str, wanted: Option<&str>, cloud: &mut Map<String, Value>) -> Result<(), Error> {
        let listed = match (cloud.remove("regions"), cloud.get("region_name")) {
            (Some(Value::Array(regions)), _) => regions,
            (_, Some(Value::Array(regions))) => regions.clone(),
            (_, Some(Value::String(text))) => text.split(',').map(|name| Value::from(name.trim())).collect(),
            _ => Vec::new(),
        };
        let called = |region: &Value| region.get("name").unwrap_or(region).as_str().unwrap_or_default().to_owned();
        let chosen = match wanted {
            None => listed.first(),
            Some(wanted) => listed.iter().find(|region| called(region) == wanted),
        };
        match (chosen, wanted) {
            (Some(region), _) => {
                let own = region.get("values").cloned().unwrap_or_default();
                cloud.insert("region_name".to_owned(), called(region).into());
                let mut laid = Value::Object(std::mem::take(cloud));
                if let Value::Object(own) = own {
                    merge(&mut laid, Value::Object(underscored(own)));
                }
                if let Value::Object(map) = laid {
                    *cloud = map;
                }
            }
            (None, Some(wanted)) if !listed.is_empty() => {
                let names: Vec<String> = listed.iter().map(called).collect();
                let message = format!("{} has no region {wanted:?}", self.named(name));
                return Err(Error::Usage { message, hint: Some(near::sentence("region", wanted, &names)) });
            }
            (None, _) => {}
        }
        Ok(())
    }

    fn unknown(&self, name: &str, around: &Surroundings) -> Error {
        let Some(path) = &self.path else {
            let places: Vec<String> = folders(around).iter().map(|dir| dir.display().to_string()).collect();
            return Error::Usage {
                message: format!("cloud {name:?} is asked for, but there is no clouds.yaml"),
                hint: Some(format!("it is looked for in {}, and at OS_CLIENT_CONFIG_FILE", places.join(", "))),
            };
        };
        let names: Vec<String> = self.clouds.keys().cloned().collect();
        Error::Usage {
            message: format!("there is no cloud {name:?} in {}", path.display()),
            hint: Some(near::sentence("cloud", name, &names)),
        }
    }
}

/// The folders that are looked into, in their order.
fn folders(around: &Surroundings) -> Vec<PathBuf> {
    let home = around.variable("HOME").map(|home| Path::new(home).join(".config"));
    let own = around.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let mut all = vec![around.directory.clone()];
    for folder in own.into_iter().chain(home).chain([PathBuf::from("/etc/xdg"), PathBuf::from("/etc")]) {
        let folder = folder.join("openstack");
        if !all.contains(&folder) {
            all.push(folder);
        }
    }
    all
}

/// The first of the files that is there and may be read, and what is in it.
fn first(around: &Surroundings, stem: &str, variable: &'static str) -> Result<Option<(PathBuf, Value)>, Error> {
    let named = around.variable(variable).map(|path| around.directory.join(path));
    let usual = folders(around).into_iter().flat_map(|dir| ["yaml", "yml", "json"].map(|end| dir.join(format!("{stem}.{end}"))));
    for path in named.iter().cloned().chain(usual) {
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok(Some((path.clone(), parsed(&path, &text)?))),
            Err(source) if named.as_ref() == Some(&path) => return Err(Error::File { doing: "reading", path, source }),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied) => {}
            // The folder's name is a file's, or the file's a folder's: it is not what is looked for.
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotADirectory | std::io::ErrorKind::IsADirectory) => {}
            Err(source) => return Err(Error::File { doing: "reading", path, source }),
        }
    }
    Ok(None)
}

fn parsed(path: &Path, text: &str) -> Result<Value, Error> {
    // A message with the line itself could show a password.
    let lenient = serde_saphyr::options! { duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins };
    let document = serde_saphyr::from_str_with_options::<Value>(text, lenient);
    document.map_err(|error| {
        let line = error.location().map_or_else(String::new, |place| format!(", line {}", place.line()));
        Error::usage(format!("{}{line} is not YAML", path.display()))
    })
}

/// The mapping under `key`; an empty file has none.
fn mapping(mut document: Value, key: &str, path: &Path) -> Result<Map<String, Value>, Error> {
    match document.get_mut(key).map(Value::take) {
        Some(Value::Object(map)) => Ok(map),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(_) => Err(Error::usage(format!("{}: `{key}` is not a mapping from names to clouds", path.display()))),
    }
}

/// Lays `over` over `under`, mapping by mapping.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (under, over) => *under = over,
    }
}

/// The same with `_` for `-` in the keys, also in those below.
fn underscored(map: Map<String, Value>) -> Map<String, Value> {
    let below = |value| if let Value::Object(map) = value { Value::Object(underscored(map)) } else { value };
    map.into_iter().map(|(key, value)| (key.replace('-', "_"), below(value))).collect()
}
