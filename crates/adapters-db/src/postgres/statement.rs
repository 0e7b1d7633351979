//! Statements on many rows at once: each column is an array, so that the text is the same however many rows there are,
//! and the server prepares it once.

/// A statement whose `?` stand for the columns, in their order, and what it gives.
macro_rules! statement {
    (
        $(#[$doc:meta])*
        $name:ident<$life:lifetime> { $($column:ident: $value:ty => $kind:ty,)+ } -> $row:ty = $text:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<$life> {
            $(pub(crate) $column: Vec<$value>,)+
        }

        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                let mut parts = $text.split('?');
                $(
                    out.push_sql(parts.next().unwrap_or_default());
                    out.push_bind_param::<diesel::sql_types::Array<$kind>, _>(&self.$column)?;
                )+
                out.push_sql(parts.next().unwrap_or_default());
                Ok(())
            }
        }

        impl diesel::query_builder::Query for $name<'_> {
            type SqlType = $row;
        }
    };
}
pub(crate) use statement;
