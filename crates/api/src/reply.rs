// SPDX-License-Identifier: Apache-2.0
//! A successful answer.

use crate::failure::Failure;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

/// What a handler answers.
#[derive(Debug)]
pub(crate) enum Reply {
    Json {
        status: u16,
        body: Value,
        location: Option<String>,
    },
    Empty,
    /// Bytes of a named media type.
    Raw {
        status: u16,
        media_type: &'static str,
        body: Vec<u8>,
    },
}

impl Reply {
    pub fn ok(body: Value) -> Self {
        Reply::Json { status: 200, body, location: None }
    }

    /// 200 with an object that needs no tree in memory first.
    pub fn written(body: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| Failure::ours("The answer could not be written.", error))?;
        Ok(Reply::Raw { status: 200, media_type: "application/json", body })
    }

    /// 201 without `Location`.
    pub fn made(body: Value) -> Self {
        Reply::Json { status: 201, body, location: None }
    }

    /// 201 with the URL of what was made.
    pub fn created(body: Value, location: String) -> Self {
        Reply::Json { status: 201, body, location: Some(location) }
    }

    pub fn accepted(body: Value) -> Self {
        Reply::Json { status: 202, body, location: None }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Reply::Json { status, body, location } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                let mut response = (status, axum::Json(body)).into_response();
                if let Some(Ok(value)) = location.map(|text| HeaderValue::from_str(&text)) {
                    response.headers_mut().insert(header::LOCATION, value);
                }
                response
            }
            Reply::Empty => StatusCode::NO_CONTENT.into_response(),
            Reply::Raw { status, media_type, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                (status, [(header::CONTENT_TYPE, media_type)], Body::from(body)).into_response()
            }
        }
    }
}
