using Hangfire.Dashboard;

namespace ImgAlign.Server.Access;

/// <summary>The dashboard is for who may call the server.</summary>
internal sealed class DashboardAccess(AccessRules access) : IDashboardAuthorizationFilter
{
    /// <inheritdoc/>
    public bool Authorize(DashboardContext context)
    {
        try
        {
            access.Check(context.GetHttpContext());
            return true;
        }
        catch (ApiException)
        {
            return false;
        }
    }
}
