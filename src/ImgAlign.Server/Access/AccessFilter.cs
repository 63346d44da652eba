using Microsoft.AspNetCore.Http;

namespace ImgAlign.Server.Access;

/// <summary>Lets through who may call.</summary>
internal sealed class AccessFilter(AccessRules access) : IEndpointFilter
{
    /// <inheritdoc/>
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        access.Check(context.HttpContext);
        context.HttpContext.Response.Headers.XContentTypeOptions = "nosniff";
        return next(context);
    }
}
